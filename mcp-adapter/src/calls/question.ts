import type { Json, JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'

const MOST_ARGUMENTS = 20
const LONGEST_VALUE = 300
const LONGEST_QUESTION = 2000

/** No more than `most` characters, none of them cut in two. */
function cut(text: string, most: number): string {
  const letters = [...text]
  return letters.length > most ? `${letters.slice(0, most).join('')}… (cut)` : text
}

/**
 * Text that a person sees, on one line: no control, format or direction characters, which could hide a part of it or
 * turn it around, and no more than `most` characters.
 */
function shown(text: string, most: number): string {
  return cut(text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim(), most)
}

/** Text in quotes, so that it cannot be taken for a line of ours. */
const written = (value: Json) => shown(JSON.stringify(value), LONGEST_VALUE)

/**
 * What a person is asked before a tool acts: its title and name, and what it would be called with, one argument a
 * line. The model chose the arguments, so they are quoted, cleaned and cut.
 */
export function question(tool: Tool, args: JsonObject): string {
  const { key, dryRun } = tool.input.roles
  const own = new Set([key, dryRun].map((binding) => binding?.argument.join('/')))
  const given = Object.entries(args).filter(([name]) => !own.has(name))
  const lines = given.slice(0, MOST_ARGUMENTS).map(([name, value]) => `- ${shown(name, 64)}: ${written(value)}`)
  if (given.length > MOST_ARGUMENTS) lines.push(`- and ${given.length - MOST_ARGUMENTS} more`)
  return cut(
    [`${shown(tool.published.title, 100)} (${tool.name})? It was not done yet.`, ...lines].join('\n'),
    LONGEST_QUESTION,
  )
}
