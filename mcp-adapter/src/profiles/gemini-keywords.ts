import { isObject, type Json, type JsonObject } from '../json.ts'

/** What stands as it is, by type. `title` says nothing that the name of an argument does not. */
const KEPT: Record<string, string[]> = {
  string: ['minLength', 'maxLength', 'pattern', 'default'],
  number: ['minimum', 'maximum', 'default'],
  integer: ['minimum', 'maximum', 'default'],
  boolean: ['default'],
  array: ['minItems', 'maxItems', 'default'],
  object: ['minProperties', 'maxProperties', 'default'],
}
/** The formats that both of Google's APIs take. */
const FORMATS: Record<string, string[]> = {
  string: ['date-time'],
  number: ['float', 'double'],
  integer: ['int32', 'int64'],
}

const typeOf = (value: Json): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

/** The types that a schema allows, as it says or as its keywords show; none when it may be any. */
export function typesOf(schema: JsonObject): string[] {
  if (schema.type !== undefined) return (Array.isArray(schema.type) ? schema.type : [schema.type]).map(String)
  const values = Array.isArray(schema.enum) ? schema.enum : schema.const !== undefined ? [schema.const] : []
  if (values.length > 0) {
    const types = [...new Set(values.map(typeOf))]
    return types.includes('number') ? types.filter((type) => type !== 'integer') : types
  }
  if (isObject(schema.properties)) return ['object']
  return schema.items !== undefined ? ['array'] : []
}

/** A schema with words; those that there are, one after the other. */
export const withWords = (schema: JsonObject, ...texts: (Json | undefined)[]): JsonObject => {
  const words = texts.filter((text) => typeof text === 'string' && text !== '')
  return words.length === 0 ? schema : { ...schema, description: words.join(' ') }
}

/** The limits and the default of a schema of this type. */
export function limits(schema: JsonObject, type: string): JsonObject {
  const kept = Object.fromEntries(
    (KEPT[type] ?? []).flatMap((name) => (schema[name] === undefined ? [] : [[name, schema[name]]])),
  )
  if (type !== 'integer' && type !== 'number') return kept
  const step = type === 'integer' ? 1 : 0
  const { exclusiveMinimum: low, exclusiveMaximum: high } = schema
  return {
    ...(typeof low === 'number' && { minimum: Math.floor(low) === low ? low + step : low }),
    ...(typeof high === 'number' && { maximum: Math.floor(high) === high ? high - step : high }),
    ...kept,
  }
}

/** Values that are not strings are no `enum` there: they are told in words. */
export function values(schema: JsonObject, type: string): { schema: JsonObject; text?: string } {
  const all = Array.isArray(schema.enum) ? schema.enum : schema.const !== undefined ? [schema.const] : undefined
  const fitting = all?.filter((value) => value !== null)
  if (!fitting || fitting.length === 0) return { schema: {} }
  if (type === 'string' && fitting.every((value) => typeof value === 'string')) return { schema: { enum: fitting } }
  return { schema: {}, text: `One of ${fitting.map((value) => JSON.stringify(value)).join(', ')}.` }
}

/** A format that Google's APIs know, or words about another one. */
export function formats({ format }: JsonObject, type: string): { schema: JsonObject; text?: string } {
  if (typeof format !== 'string') return { schema: {} }
  if (FORMATS[type]?.includes(format)) return { schema: { format } }
  return { schema: {}, ...(type === 'string' && { text: `Format: ${format}.` }) }
}
