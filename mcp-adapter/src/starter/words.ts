import type { Operation } from '../document/read.ts'
import { visible } from '../results/hidden.ts'

const LONGEST_TITLE = 60
const LONGEST_DESCRIPTION = 240
const SHORTEST_DESCRIPTION = 20

/** A text of a document as plain words on one line: no markup, no addresses, nothing that cannot be seen. */
export function plainWords(text: string): string {
  return visible(text)
    .replaceAll(/```[\s\S]*?```/g, ' ')
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/<[^>]{0,200}>/g, ' ')
    .replaceAll(/\b(?:https?:\/\/|www\.)\S+/gi, ' ')
    .replaceAll(/[`*#|]+/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** The first sentences of a text that fit; a longer first one is cut at a word. */
export function firstSentences(text: string, most: number): string {
  if (text.length <= most) return text
  const end = Math.max(...['. ', '! ', '? '].map((stop) => text.lastIndexOf(stop, most - 1)))
  if (end > 0) return text.slice(0, end + 1)
  return `${text.slice(0, text.lastIndexOf(' ', most - 1) > 0 ? text.lastIndexOf(' ', most - 1) : most - 1)}…`
}

/** The title and the description that a starter file gives an operation, from the document's own words. */
export function wordsFor(operation: Operation, name: string): { title: string; description: string } {
  const summary = plainWords(operation.summary ?? '').replace(/\.$/, '')
  const said = plainWords(operation.description ?? '')
  const title = firstSentences(summary || name.replaceAll('_', ' '), LONGEST_TITLE)
  const words = firstSentences(said || summary, LONGEST_DESCRIPTION)
  if (words.length >= SHORTEST_DESCRIPTION && words.replace(/\.$/, '').toLowerCase() !== title.toLowerCase())
    return { title, description: words }
  const request = `Sends ${operation.method} ${operation.path.replaceAll(/[^\x21-\x7e]/g, '')}.`
  return { title, description: words === '' ? request : `${words.replace(/[^.!?]$/, '$&.')} ${request}` }
}
