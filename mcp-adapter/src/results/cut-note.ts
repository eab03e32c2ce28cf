import type { JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'
import type { Cut } from './budget.ts'
import { readPages } from './pages.ts'

const MOST_PLACES = 4

/** The cut of the list that a page consists of. */
export function mainCut(data: JsonObject, cuts: Cut[]): Cut | undefined {
  if (cuts.length === 0) return undefined
  const path = readPages(data).list?.path.join('/')
  return cuts.find((cut) => cut.kind === 'list' && cut.path.join('/') === path)
}

/** `items[].tags`, when every name in it is one that the tool's schema has: others are data. */
function placeName(tool: Tool, path: Cut['path']): string | undefined {
  const known = JSON.stringify(tool.published.outputSchema ?? {})
  const isKnown = (name: string) => /^[\w$@.-]{1,64}$/.test(name) && known.includes(`"${name}":`)
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += '[]'
    else if (isKnown(step)) text += text === '' ? step : `.${step}`
    else return undefined
  }
  return text
}

const numeral = { list: 'entries', map: 'members', text: 'characters' }

/** What was left out, in one sentence: `Shortened: items shows 12 of 340 entries.` */
export function cutNote(tool: Tool, cuts: Cut[]): string {
  const byPlace = new Map<string, Cut[]>()
  for (const cut of cuts) {
    const name = placeName(tool, cut.path) ?? (cut.kind === 'text' ? 'a text' : `a ${cut.kind}`)
    byPlace.set(`${name} ${cut.kind}`, [...(byPlace.get(`${name} ${cut.kind}`) ?? []), cut])
  }
  const parts = [...byPlace].slice(0, MOST_PLACES).map(([key, [cut, ...more]]) => {
    const { kind, shown, of } = cut as Cut
    const name = key.slice(0, key.lastIndexOf(' '))
    const others = more.length > 0 ? `, and ${more.length} more like it` : ''
    return `${name} shows ${shown} of ${of} ${numeral[kind]}${others}`
  })
  const rest = byPlace.size > MOST_PLACES ? '; more is left out elsewhere' : ''
  return `Shortened: ${parts.join('; ')}${rest}.`
}
