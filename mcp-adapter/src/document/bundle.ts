import { isObject, type Json, type JsonObject } from '../json.ts'
import { checkEnds, definitionName, PREFIX } from './definitions.ts'
import { type Direction, withoutHidden } from './direction.ts'
import { withBranches, withoutChildren } from './discriminator.ts'
import { createFreeNames, underscored } from './free-name.ts'
import { fragmentPointer, lookUp } from './lookup.ts'

export { isHidden } from './direction.ts'

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
/** What is dropped beside the place of a schema is kept where a schema is wanted as it was written. */
const KEPT_VERBATIM = new Set(['$anchor', '$comment'])
/** Of the document, not of the value: a model pays for these and learns nothing. `$id` would move the references. */
const DROPPED = new Set(
  '__proto__ $id id $schema $anchor $dynamicAnchor $vocabulary $comment xml externalDocs discriminator example'.split(
    ' ',
  ),
)
const ANNOTATIONS = new Set(['description', 'title', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly'])
/** Chains of schemas that are each used once are written into each other so far. */
const MOST_INSIDE = 50

interface Bundled {
  schemas: JsonObject[]
  /** By name, in order of first use; only what is still referred to. */
  defs: JsonObject
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
  private readonly taken = new Set(['__proto__'])
  private readonly freeName = createFreeNames((name) => this.taken.has(name), underscored)

  constructor(
    private readonly root: JsonObject,
    private readonly direction: Direction,
    /** Every keyword and definition stays, and stays where it is. */
    private readonly isVerbatim = false,
  ) {}

  /** The `$defs` name of a reference: its last step, and more of them when that is taken. */
  private nameOf(reference: string): string {
    const known = this.names.get(reference)
    if (known !== undefined) return known
    const steps = fragmentPointer(reference)
      .replace(/^\/(components\/schemas\/)?/, '')
      .split('/')
    const name = this.freeName(steps.join('_').replaceAll(/[^a-zA-Z0-9_.-]/g, '_') || 'root')
    this.names.set(reference, name)
    this.taken.add(name)
    return name
  }

  /** A copy of a schema with every schema in it passed through `visit`. Values (`const`, `default`) stay as they are. */
  private map(schema: JsonObject, visit: (child: Json) => Json): JsonObject {
    const copy: JsonObject = {}
    for (const keyword of Object.keys(schema)) {
      // A client mirrors a parameter of this extension in a header (MCP 2026-07-28, SEP-2243): it is of the protocol.
      const ofProtocol = keyword === 'x-mcp-header' && this.direction === 'send'
      const isDropped = DROPPED.has(keyword) && !(this.isVerbatim && KEPT_VERBATIM.has(keyword))
      if (isDropped || (keyword.startsWith('x-') && !ofProtocol)) continue
      const value = schema[keyword] as Json
      if (ONE.has(keyword)) copy[keyword] = visit(value)
      else if (MANY.has(keyword) && Array.isArray(value)) copy[keyword] = value.map(visit)
      else if (NAMED.has(keyword) && isObject(value)) {
        // A property may be called "__proto__".
        copy[keyword] = Object.fromEntries(Object.keys(value).map((name) => [name, visit(value[name] as Json)]))
      } else copy[keyword] = value
    }
    return this.isVerbatim ? copy : splitTypes(copy)
  }

  private toDefs(schema: Json, found: (reference: string) => void): Json {
    if (!isObject(schema)) return schema
    const judged = withBranches(this.root, withoutHidden(this.root, schema, this.direction), this.direction)
    const copy = this.map(judged, (child) => this.toDefs(child, found))
    if (typeof copy.$ref !== 'string') return copy
    found(copy.$ref)
    return { ...copy, $ref: PREFIX + this.nameOf(copy.$ref) }
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
    for (let at = 0; at < queue.length; at++) {
      const reference = queue[at] as string
      const target = withoutChildren(this.root, lookUp(this.root, reference), reference)
      defs.set(this.nameOf(reference), this.toDefs(target, found) as JsonObject)
    }
    checkEnds(defs)
    const inlined = new Set<string>()
    /** What is still referred to by each of the results, by definition; the empty name is that of the schemas. */
    const left = new Map<string, Set<string>>([['', new Set()]])
    const inline = (schema: Json, inside: string[], refers: Set<string>): Json => {
      if (!isObject(schema)) return schema
      const name = definitionName(schema)
      if (name === undefined) return this.map(schema, (child) => inline(child, inside, refers))
      const target = defs.get(name)
      const { $ref: _, ...beside } = schema
      const mergeable = Object.keys(beside).every((keyword) => ANNOTATIONS.has(keyword))
      const isOnce = !this.isVerbatim && uses.get(name) === 1 && !inside.includes(name) && inside.length < MOST_INSIDE
      if (isOnce && target && mergeable) {
        inlined.add(name)
        return { ...(inline(target, [...inside, name], refers) as JsonObject), ...beside }
      }
      refers.add(name)
      return this.map(schema, (child) => inline(child, inside, refers))
    }
    const result = schemas.map((schema) => inline(schema, [], left.get('') as Set<string>) as JsonObject)
    const kept = new Map<string, Json>()
    for (const [name, schema] of defs) {
      if (inlined.has(name)) continue
      const refers = new Set<string>()
      left.set(name, refers)
      kept.set(name, inline(schema, [name], refers))
    }
    // A definition that only an inlined one used, twice over, may have lost its last reference. The set grows while it
    // is gone through, and what is added is still met.
    const live = new Set(left.get(''))
    for (const name of live) for (const next of left.get(name) ?? []) live.add(next)
    return { schemas: result, defs: Object.fromEntries([...kept].filter(([name]) => live.has(name))) }
  }
}
