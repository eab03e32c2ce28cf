import { Prisma } from '../storage/generated/client.ts'

/**
 * The columns of a violated unique constraint. Prisma's driver adapters report them as quoted database names;
 * here they are plain column names.
 * @returns undefined when the error is something else
 */
export function uniqueViolation(error: unknown): string[] | undefined {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002') return undefined
  const meta = error.meta as { driverAdapterError?: { cause?: { constraint?: { fields?: string[]; index?: string } } } }
  const constraint = meta.driverAdapterError?.cause?.constraint
  return constraint?.fields?.map((field) => field.replaceAll('"', '')) ?? (constraint?.index ? [constraint.index] : [])
}
