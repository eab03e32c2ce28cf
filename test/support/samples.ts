import type { Document } from '../../api/openapi.ts'

// biome-ignore lint/suspicious/noExplicitAny: JSON Schema and JSON of every shape
export type Json = any

export interface Parameter {
  name: string
  in: string
  schema: Json
}

/** An operation of the published document, with a body that it takes. */
export interface Sampled {
  operationId: string
  method: string
  /** Below /api/v1, with {parameters}. */
  path: string
  parameters: Parameter[]
  /** Undefined where the operation takes none. */
  body?: Json
  /** The body's schema, without references. */
  schema?: Json
}

/** What stands in the examples of the document, as it is called where tests run. */
const HERE: Record<string, unknown> = { sku: 'LAMP', stock: 5, channel: 'team', amount: 4995 }

/**
 * Reads every operation from the document: its parameters, and its own example as the body.
 * @throws Error for an operation without an example: it would be left out of what is tested
 */
export function samplesOf(document: Document): Sampled[] {
  const root = structuredClone(document) as Json
  return Object.entries(root.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Json).map(([method, operation]: [string, Json]): Sampled => {
      const { operationId, parameters = [], requestBody } = operation
      const content = requestBody?.content['application/json']
      if (content && content.example === undefined) throw new Error(`${operationId} has no example of its body`)
      return {
        operationId,
        method: method.toUpperCase(),
        path: path.replace(/^\/api\/v1/, ''),
        parameters: parameters.map((each: Json) => resolved(each, root)),
        ...(content && { body: replaced(content.example), schema: resolved(content.schema, root) }),
      }
    }),
  )
}

/** The schema with what its references lead to in their places. */
function resolved(schema: Json, root: Json): Json {
  if (Array.isArray(schema)) return schema.map((each) => resolved(each, root))
  if (typeof schema !== 'object' || schema === null) return schema
  if (typeof schema.$ref === 'string') {
    const at = schema.$ref.slice(2).split('/')
    return resolved(
      at.reduce((value: Json, step: string) => value[step], root),
      root,
    )
  }
  return Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, resolved(each, root)]))
}

function replaced(example: Json): Json {
  if (Array.isArray(example)) return example.map(replaced)
  if (typeof example !== 'object' || example === null) return example
  return Object.fromEntries(
    Object.entries(example).map(([name, value]) => [name, Object.hasOwn(HERE, name) ? HERE[name] : replaced(value)]),
  )
}

/** A place in a value: the names and indexes that lead to it. */
export type Place = (string | number)[]

/** Every place of a schema that takes a string, and what the schema says of it; the first item stands for a list. */
export function stringsOf(schema: Json, place: Place = []): { place: Place; schema: Json }[] {
  const of = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  const found = of.flatMap((each: Json) => [
    ...([each.type].flat().includes('string') ? [{ place, schema: each }] : []),
    ...(each.items ? stringsOf(each.items, [...place, 0]) : []),
    ...Object.entries(each.properties ?? {}).flatMap(([name, property]) => stringsOf(property, [...place, name])),
  ])
  return found
}

/** A copy of a value with another one at a place; what leads there is made where it is not there. */
export function withAt(value: Json, place: Place, what: unknown): Json {
  const [step, ...rest] = place
  if (step === undefined) return what
  const copy = typeof step === 'number' ? [...(value ?? [])] : { ...value }
  copy[step] = withAt(copy[step], rest, what)
  return copy
}

/** Whether some string anywhere in a value is exactly this one. */
export function holds(value: Json, text: string): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some((each) => holds(each, text))
  return value === text
}

/** The places of a schema that take as much as anybody likes to send. */
export function unbounded(schema: Json, place: string): string[] {
  const types = [schema.type].flat()
  const isBounded = schema.enum !== undefined || schema.const !== undefined
  const own = [
    types.includes('string') && !isBounded && schema.maxLength === undefined && 'maxLength',
    types.includes('array') && schema.maxItems === undefined && 'maxItems',
    types.includes('integer') && !isBounded && schema.maximum === undefined && 'maximum',
    types.includes('object') && schema.additionalProperties !== false && 'additionalProperties',
  ]
  return [
    ...own.filter(Boolean).map((what) => `${place}: ${what}`),
    ...(schema.items ? unbounded(schema.items, `${place}/0`) : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, each]) => unbounded(each, `${place}/${name}`)),
    ...['anyOf', 'oneOf', 'allOf'].flatMap((word) =>
      (schema[word] ?? []).flatMap((each: Json) => unbounded(each, place)),
    ),
    ...Object.entries(schema.$defs ?? {}).flatMap(([name, each]) => unbounded(each, `${place}/$defs/${name}`)),
  ]
}
