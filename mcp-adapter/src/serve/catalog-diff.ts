import type { Catalog } from '../tools/catalog.ts'
import type { Tool } from '../tools/tools.ts'

/** What agents see differently, by the names of tools. */
export interface CatalogDiff {
  added: string[]
  removed: string[]
  changed: string[]
  /** The same tools stand in another order. */
  reordered: boolean
}

/** All that decides who sees a tool, and as what. */
const seen = ({ published, action, api }: Tool) =>
  JSON.stringify([published, action ?? null, api.name, api.access?.rule ?? null])

/** How the list of one catalog departs from that of another. */
export function diffCatalogs(before: Catalog, after: Catalog): CatalogDiff {
  const added = after.tools.filter(({ name }) => !before.byName.has(name)).map(({ name }) => name)
  const removed = before.tools.filter(({ name }) => !after.byName.has(name)).map(({ name }) => name)
  const changed = after.tools.flatMap((tool) => {
    const old = before.byName.get(tool.name)
    return old && (before.profile !== after.profile || seen(old) !== seen(tool)) ? [tool.name] : []
  })
  const kept = ({ tools }: Catalog, other: Catalog) =>
    tools.flatMap(({ name }) => (other.byName.has(name) ? [name] : [])).join(' ')
  return { added, removed, changed, reordered: kept(before, after) !== kept(after, before) }
}

/** Whether an agent that keeps the old list is wrong about something. */
export const isDifferent = ({ added, removed, changed, reordered }: CatalogDiff) =>
  reordered || added.length + removed.length + changed.length > 0
