import { ConfigError, messageOf } from '../errors.ts'
import { atPointer, isObject, type Json, type JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import { fileArgument } from './argument-files.ts'

/** What stands between a name and its value, and what is done with the value; longer ones first. */
const SEPARATORS = [':=', '=@', '='] as const
type Separator = (typeof SEPARATORS)[number]

/** `key=text`, `key:=json` or `key=@file`, taken apart at the first separator. Throws ConfigError. */
function split(item: string): { name: string; separator: Separator; text: string } {
  const at = item.indexOf('=')
  const start = at > 0 && item[at - 1] === ':' ? at - 1 : at
  const separator = at < 0 ? undefined : SEPARATORS.find((each) => item.startsWith(each, start))
  if (separator === undefined || start <= 0)
    throw new ConfigError(`"${item}" is not an argument: write name=text, name:=json or name=@file.`)
  return { name: item.slice(0, start), separator, text: item.slice(start + separator.length) }
}

/** The schema behind references into the tool's own `$defs`. */
function behind(root: JsonObject, schema: Json | undefined): JsonObject {
  let current: unknown = schema
  for (let step = 0; step < 20 && isObject(current) && typeof current.$ref === 'string'; step++)
    current = atPointer(root, decodeURIComponent(current.$ref.slice(1)))
  return isObject(current) ? current : {}
}

/** The types that a value may have; empty when the schema does not say. */
function typesOf(root: JsonObject, schema: JsonObject, depth = 0): Set<string> {
  const own = [schema.type].flat().filter((type) => typeof type === 'string')
  const values = Array.isArray(schema.enum) ? schema.enum : schema.const === undefined ? [] : [schema.const]
  const known = values.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value))
  const branches = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => (Array.isArray(schema[word]) ? schema[word] : []))
  const deeper = depth > 5 ? [] : branches.flatMap((each) => [...typesOf(root, behind(root, each), depth + 1)])
  return new Set(own.length > 0 ? own : known.length > 0 ? known : deeper)
}

/** A text as the schema wants it: `5` for an integer is a number, and a string stays one. */
function typed(root: JsonObject, schema: JsonObject, text: string, name: string): Json {
  const types = typesOf(root, schema)
  if (types.has('string') || types.size === 0) return text
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.has('null') && text === 'null') return null
  if ((types.has('integer') || types.has('number')) && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) {
    const number = Number(text)
    if (Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(text))
      throw new ConfigError(`"${name}": ${text} cannot be held exactly.`)
    return number
  }
  if ((types.has('object') || types.has('array')) && /^\s*[[{]/.test(text)) return parsed(text, name)
  return text
}

function parsed(text: string, name: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new ConfigError(`"${name}" is not JSON: ${messageOf(error)}`)
  }
}

/** An own property, whatever its name: `__proto__` is only a name here. */
function define(target: JsonObject, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

const own = (object: unknown, name: string) =>
  isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined

/** The steps of a name: the argument of that name, or `a.b` for the member b of the argument a. */
function stepsOf(root: JsonObject, name: string): string[] {
  if (own(root.properties, name) !== undefined || !name.includes('.')) return [name]
  return name.split('.')
}

/**
 * The arguments of a call as they are written on a command line (the notation of httpie): `name=text`, typed by the
 * input schema; `name:=json`; `name=@file` for a file; `a.b=text` for members; a name given again for the next
 * item of a list. They go over those of `base`. Throws ConfigError.
 */
export function readArguments(schema: JsonObject, items: readonly string[], base: JsonObject = {}): JsonObject {
  const args: JsonObject = structuredClone(base)
  const set = new Set<string>()
  for (const item of items) {
    const { name, separator, text } = split(item)
    const steps = stepsOf(schema, name)
    let target = args
    let shape = schema
    for (const step of steps.slice(0, -1)) {
      shape = behind(schema, own(shape.properties, step))
      const inner = own(target, step)
      if (!isObject(inner)) define(target, step, {})
      target = own(target, step) as JsonObject
    }
    const last = steps.at(-1) as string
    const known = Object.keys(isObject(schema.properties) ? schema.properties : {})
    if (steps.length === 1 && own(schema.properties, last) === undefined && schema.additionalProperties === false)
      throw new ConfigError(
        `There is no argument "${last}".${didYouMean(last, known)} ` +
          (known.length > 0 ? `Known: ${known.join(', ')}.` : 'The tool takes none.'),
      )
    const rules = behind(schema, own(shape.properties, last))
    const isList = typesOf(schema, rules).has('array') && separator !== ':=' && !/^\s*\[/.test(text)
    const itemRules = isList ? behind(schema, rules.items) : rules
    const value =
      separator === ':='
        ? parsed(text, name)
        : separator === '=@'
          ? fileArgument(itemRules, text, name)
          : typed(schema, itemRules, text, name)
    const before = set.has(name) ? own(target, last) : undefined
    if (before !== undefined && !Array.isArray(before)) throw new ConfigError(`"${name}" is given twice.`)
    define(target, last, isList ? [...((before as Json[] | undefined) ?? []), value] : value)
    set.add(name)
  }
  return args
}
