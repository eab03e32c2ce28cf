import { isObject, type Json, type JsonObject } from '../json.ts'
import { lookUp } from './read.ts'

/**
 * Takes schemas out of an OpenAPI document so that they stand alone: `$ref`s into the document become `$defs`, or the
 * schema itself where it is used once and not by itself. Which properties are kept depends on the direction
 * (`readOnly` is not sent, `writeOnly` is not received).
 */

const ONE = new Set(['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'])
const MORE_ONE = ['unevaluatedProperties', 'unevaluatedItems', 'contentSchema']
for (const keyword of MORE_ONE) ONE.add(keyword)
const MANY = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const NAMED = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'])
/** Of the document, not of the value: a model pays for these and learns nothing. `$id` would move the references. */
const DROPPED = new Set(['$id', '$schema', '$anchor', '$comment', 'xml', 'externalDocs', 'discriminator', 'example'])
const ANNOTATIONS = new Set(['description', 'title', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly'])

export type Direction = 'send' | 'receive'

export interface Bundled {
  schemas: JsonObject[]
  /** By name, in order of first use; only what is still referred to. */
  defs: JsonObject
}

const hiddenBy: Record<Direction, string> = { send: 'readOnly', receive: 'writeOnly' }
const MOST_STEPS = 50

/** A schema and, with it, what its references and the parts of its `allOf` say; each once. */
function* together(root: JsonObject, schema: Json, seen = new Set<Json>()): Generator<JsonObject> {
  if (!isObject(schema) || seen.has(schema) || seen.size > MOST_STEPS) return
  seen.add(schema)
  yield schema
  if (typeof schema.$ref === 'string') yield* together(root, lookUp(root, schema.$ref), seen)
  for (const part of Array.isArray(schema.allOf) ? schema.allOf : []) yield* together(root, part, seen)
}

/** Whether a property does not travel in this direction: by its own mark, or by that of what it refers to. */
export function isHidden(root: JsonObject, schema: Json, direction: Direction): boolean {
  const mark = hiddenBy[direction]
  if (!isObject(schema)) return false
  if (schema[mark] === true || (schema.$ref === undefined && schema.allOf === undefined)) return schema[mark] === true
  return [...together(root, schema)].some((part) => part[mark] === true)
}

const isOfType = (value: Json, type: Json) => {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array' || type === 'null') return type === (Array.isArray(value) ? 'array' : String(value))
  return isObject(value) ? type === 'object' : typeof value === type
}

/**
 * `type: [string, null]` as `anyOf`, one type each. Both are JSON Schema; clients that map schemas onto a dialect with
 * one type a schema only take the second. Words and defaults stay outside.
 */
function splitTypes(schema: JsonObject): JsonObject {
  const { type, ...rest } = schema
  if (!Array.isArray(type) || rest.anyOf !== undefined) return schema
  const words = Object.fromEntries(Object.entries(rest).filter(([keyword]) => ANNOTATIONS.has(keyword)))
  const { enum: values, ...rules } = Object.fromEntries(
    Object.entries(rest).filter(([keyword]) => !ANNOTATIONS.has(keyword)),
  )
  const branches = type.flatMap((one): JsonObject[] => {
    const fitting = Array.isArray(values) ? values.filter((value) => isOfType(value, one)) : undefined
    if (fitting?.length === 0) return []
    return [one === 'null' ? { type: one } : { type: one, ...rules, ...(fitting && { enum: fitting }) }]
  })
  return branches.length === 1 ? { ...branches[0], ...words } : { anyOf: branches, ...words }
}

export class Bundler {
  private readonly names = new Map<string, string>()

  constructor(
    private readonly root: JsonObject,
    private readonly direction: Direction,
  ) {}

  /** The `$defs` name of a reference: its last step, and more of them when that is taken. */
  private nameOf(reference: string): string {
    const known = this.names.get(reference)
    if (known !== undefined) return known
    const steps = decodeURIComponent(reference)
      .replace(/^#\/(components\/schemas\/)?/, '')
      .split('/')
    let name = steps.join('_').replaceAll(/[^a-zA-Z0-9_.-]/g, '_') || 'root'
    const taken = new Set(this.names.values())
    while (taken.has(name)) name += '_'
    this.names.set(reference, name)
    return name
  }

  /** A copy of a schema with every schema in it passed through `visit`. Values (`const`, `default`) stay as they are. */
  private map(schema: JsonObject, visit: (child: Json) => Json): JsonObject {
    const copy: [string, Json][] = []
    for (const [keyword, value] of Object.entries(schema)) {
      // A client mirrors a parameter of this extension in a header (MCP 2026-07-28, SEP-2243): it is of the protocol.
      const ofProtocol = keyword === 'x-mcp-header' && this.direction === 'send'
      if (DROPPED.has(keyword) || (keyword.startsWith('x-') && !ofProtocol)) continue
      if (ONE.has(keyword)) copy.push([keyword, visit(value)])
      else if (MANY.has(keyword) && Array.isArray(value)) copy.push([keyword, value.map(visit)])
      else if (NAMED.has(keyword) && isObject(value)) {
        copy.push([keyword, Object.fromEntries(Object.entries(value).map(([name, child]) => [name, visit(child)]))])
      } else copy.push([keyword, value])
    }
    return splitTypes(Object.fromEntries(copy))
  }

  /** The names of properties that do not travel, of this schema and those that hold together with it. */
  private hiddenNames(schema: JsonObject): string[] {
    const parts = schema.allOf === undefined ? [schema] : [...together(this.root, schema)]
    const properties = parts.flatMap((part) => Object.entries(isObject(part.properties) ? part.properties : {}))
    return properties.flatMap(([name, child]) => (isHidden(this.root, child, this.direction) ? [name] : []))
  }

  /** `outer` are hidden names of the `allOf` around: what another part hides is not required in this one. */
  private withoutHidden(schema: JsonObject, outer: string[]): JsonObject {
    const hidden = new Set([...this.hiddenNames(schema), ...outer])
    if (hidden.size === 0) return schema
    const { required, properties, allOf, ...rest } = schema
    const needed = Array.isArray(required) ? required.filter((name) => !hidden.has(String(name))) : []
    const shown = Object.entries(isObject(properties) ? properties : {}).filter(
      ([, child]) => !isHidden(this.root, child, this.direction),
    )
    const parts = (Array.isArray(allOf) ? allOf : []).map((part) =>
      isObject(part) && part.$ref === undefined ? this.withoutHidden(part, [...hidden]) : part,
    )
    return {
      ...rest,
      ...(isObject(properties) && { properties: Object.fromEntries(shown) }),
      ...(Array.isArray(allOf) && { allOf: parts }),
      ...(needed.length > 0 && { required: needed }),
    }
  }

  private toDefs(schema: Json, found: (reference: string) => void): Json {
    if (!isObject(schema)) return schema
    const copy = this.map(this.withoutHidden(schema, []), (child) => this.toDefs(child, found))
    if (typeof copy.$ref !== 'string') return copy
    found(copy.$ref)
    return { ...copy, $ref: `#/$defs/${this.nameOf(copy.$ref)}` }
  }

  /** Bundles schemas that will share one `$defs`. Throws ConfigError for a reference that leads nowhere. */
  bundle(inputs: Json[]): Bundled {
    const uses = new Map<string, number>()
    const defs = new Map<string, JsonObject>()
    const queue: string[] = []
    const found = (reference: string) => {
      const name = this.nameOf(reference)
      const count = uses.get(name) ?? 0
      uses.set(name, count + 1)
      if (count === 0) queue.push(reference)
    }
    const schemas = inputs.map((schema) => this.toDefs(schema, found))
    for (let reference = queue.shift(); reference !== undefined; reference = queue.shift()) {
      const target = this.toDefs(lookUp(this.root, reference), found)
      defs.set(this.nameOf(reference), target as JsonObject)
    }
    const inlined = new Set<string>()
    const inline = (schema: Json, inside: string[]): Json => {
      if (!isObject(schema)) return schema
      const name = typeof schema.$ref === 'string' ? schema.$ref.slice('#/$defs/'.length) : undefined
      const target = name === undefined ? undefined : defs.get(name)
      const { $ref: _, ...beside } = schema
      const mergeable = Object.keys(beside).every((keyword) => ANNOTATIONS.has(keyword))
      if (name !== undefined && target && mergeable && uses.get(name) === 1 && !inside.includes(name)) {
        inlined.add(name)
        return { ...(inline(target, [...inside, name]) as JsonObject), ...beside }
      }
      return this.map(schema, (child) => inline(child, inside))
    }
    const result = schemas.map((schema) => inline(schema, []) as JsonObject)
    const kept: JsonObject = {}
    for (const [name, schema] of defs) {
      if (!inlined.has(name)) kept[name] = inline(schema, [name])
    }
    return { schemas: result, defs: this.reachable(result, kept) }
  }

  /** A definition that only an inlined one used, twice over, may have lost its last reference: only live ones are kept. */
  private reachable(schemas: Json[], defs: JsonObject): JsonObject {
    const live = new Set<string>()
    const walk = (schema: Json): Json => {
      if (!isObject(schema)) return schema
      if (typeof schema.$ref === 'string') {
        const name = schema.$ref.slice('#/$defs/'.length)
        if (!live.has(name)) {
          live.add(name)
          walk(defs[name] ?? {})
        }
      }
      this.map(schema, walk)
      return schema
    }
    schemas.forEach(walk)
    return Object.fromEntries(Object.entries(defs).filter(([name]) => live.has(name)))
  }
}
