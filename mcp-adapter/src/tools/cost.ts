import type { PublishedTool } from './tools.ts'

/** Tokens of a text, by the usual rule of thumb: characters / 4. Tokenisers differ; differences between tools do not. */
export const tokensOf = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4)

/** What a tool costs with every request of a model: what models read of it, and all that is published. */
export function costOf({ outputSchema, ...read }: PublishedTool): { read: number; all: number } {
  const all = outputSchema === undefined ? read : { ...read, outputSchema }
  return { read: tokensOf(read), all: tokensOf(all) }
}

/** What a whole list costs. Output schemas are for the client: models usually do not read them. */
export function costOfList(tools: readonly PublishedTool[]): { read: number; all: number } {
  return { read: tokensOf(tools.map(({ outputSchema, ...read }) => read)), all: tokensOf(tools) }
}
