import type { Catalog } from '../tools/catalog.ts'

/** Where the APIs are, for the log: the URL of the only one, or URLs by name. */
export function placesOf({ apis }: Catalog): { api: string | Record<string, string> } {
  const [first] = apis
  if (first && first.name === '') return { api: first.baseUrl }
  return { api: Object.fromEntries(apis.map(({ name, baseUrl }) => [name, baseUrl])) }
}
