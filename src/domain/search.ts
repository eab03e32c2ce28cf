/** Prisma passes `contains` to LIKE as it is; escaped, a caller's % and _ are just characters. */
export function containing(search: string) {
  return { contains: search.replaceAll(/[\\%_]/g, '\\$&'), mode: 'insensitive' as const }
}
