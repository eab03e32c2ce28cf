import { isObject, type JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'

export type Level = 'error' | 'warning' | 'note'

/** What a rule found: in a tool, or one of its arguments, or (without `tool`) in the list. */
export interface Hit {
  tool?: Tool
  /** The argument, when it is about one. */
  argument?: string
  message: string
}

/** What rules are held against. */
export interface Subject {
  tools: readonly Tool[]
  /** Tokens that the list may cost models. */
  budget: number
}

/** One rule. It sees all tools, and tells what it found in plain sentences. */
export interface Rule {
  id: string
  level: Level
  /** What the rule wants, for the documentation. */
  about: string
  find(subject: Subject): Hit[]
}

/** A rule about each tool alone. */
export function eachTool(id: string, level: Level, about: string, check: (tool: Tool) => string | false): Rule {
  const find = ({ tools }: Subject) =>
    tools.flatMap((tool): Hit[] => {
      const message = check(tool)
      return message === false ? [] : [{ tool, message }]
    })
  return { id, level, about, find }
}

/** An argument as a model sees it. */
interface Argument {
  name: string
  schema: JsonObject
  required: boolean
  description: string
}

/** The arguments that a model sees, those in `{path, query, header, body}` included. */
export function argumentsOf({ published: { inputSchema }, input }: Tool): Argument[] {
  const places = new Set(input.bindings.flatMap(({ argument }) => (argument.length > 1 ? [argument[0]] : [])))
  const read = (schema: JsonObject, prefix: string): Argument[] => {
    const required = Array.isArray(schema.required) ? schema.required : []
    return Object.entries(isObject(schema.properties) ? schema.properties : {}).flatMap(([name, value]) => {
      const rules = isObject(value) ? value : {}
      if (prefix === '' && places.has(name)) return read(rules, `${name}.`)
      const description = typeof rules.description === 'string' ? rules.description : ''
      return [{ name: `${prefix}${name}`, schema: rules, required: required.includes(name), description }]
    })
  }
  return read(inputSchema, '')
}

/** A rule about each argument alone. */
export function eachArgument(
  id: string,
  level: Level,
  about: string,
  check: (argument: Argument, tool: Tool) => string | false,
): Rule {
  const find = ({ tools }: Subject) =>
    tools.flatMap((tool) =>
      argumentsOf(tool).flatMap((argument): Hit[] => {
        const message = check(argument, tool)
        return message === false ? [] : [{ tool, argument: argument.name, message: `"${argument.name}" ${message}` }]
      }),
    )
  return { id, level, about, find }
}

/** A text of a tool that a model reads. */
export interface Text {
  text: string
  /** The argument that it belongs to. */
  argument?: string
  /** It speaks to the model; otherwise it is a name or a value. */
  isProse: boolean
}

const PROSE = new Set(['description', 'title', '$comment'])

/** Every text of a tool that a model reads. */
export function textsOf({ published }: Tool): Text[] {
  const texts: Text[] = [published.title, published.description].map((text) => ({ text, isProse: true }))
  const walk = (value: unknown, argument: string | undefined, depth: number, isProse = false) => {
    if (depth > 40) return
    const about = argument !== undefined && { argument }
    if (typeof value === 'string') texts.push({ text: value, isProse, ...about })
    if (Array.isArray(value)) for (const each of value) walk(each, argument, depth + 1)
    if (!isObject(value)) return
    for (const [name, each] of Object.entries(value)) {
      texts.push({ text: name, isProse: false, ...about })
      walk(each, argument ?? (depth === 1 ? name : undefined), depth + 1, PROSE.has(name))
    }
  }
  walk(published.inputSchema, undefined, 0)
  // What answers look like has no arguments to be about.
  walk(published.outputSchema, undefined, 2)
  return texts
}
