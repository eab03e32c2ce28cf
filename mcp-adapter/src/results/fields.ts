import { ConfigError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'

/**
 * Curated fields of an answer (`select`, `redact`). The same tree rewrites values and the schema that describes them,
 * so that what is shown is always what was announced. Arrays are passed through: `items[].sku` and `items.sku` are one.
 */
interface Tree {
  children: Map<string, Tree>
  /** Where the curated path ends: its index in the list. */
  end?: number
  /** Names that schemas have at this place, for suggestions. */
  known: Set<string>
  /** A schema allows it. */
  found: boolean
}

const newTree = (): Tree => ({ children: new Map(), known: new Set(), found: false })

/** What happens at an object: to members that the tree does not name, and to those where a path ends. */
interface Rule {
  /** How many definitions may still be written out. */
  left: { schemas: number }
  others: 'drop' | 'keep'
  /** Undefined leaves the member out. */
  value(value: Json): Json | undefined
  schema(schema: Json, defs: JsonObject): Json | undefined
}

const REDACTED = '[redacted]'
/** Definitions are written out where fields are selected or hidden. So many times, and no more. */
const MOST_SCHEMAS = 10_000

/** Whether a schema says that a value may be a text. */
function mayBeText(schema: Json, defs: JsonObject, depth = 0, left = { schemas: MOST_SCHEMAS }): boolean {
  left.schemas -= 1
  if (left.schemas < 0) return true
  if (!isObject(schema) || depth > 20) return schema === true
  const { type, $ref } = schema
  if (type !== undefined) return [type].flat().includes('string')
  if (typeof $ref === 'string') return mayBeText(defs[nameOf($ref)] ?? true, defs, depth + 1, left)
  const choices = [schema.anyOf, schema.oneOf, schema.allOf].find(Array.isArray)
  if (choices) return choices.some((each) => mayBeText(each, defs, depth + 1, left))
  return !isObject(schema.properties) && schema.items === undefined
}

const SELECT: Omit<Rule, 'left'> = { others: 'drop', value: (value) => value, schema: (schema) => schema }
const REDACT: Omit<Rule, 'left'> = {
  others: 'keep',
  value: (value) => (typeof value === 'string' ? REDACTED : undefined),
  schema: (schema, defs) => (mayBeText(schema, defs) ? { type: 'string' } : undefined),
}

const nameOf = (reference: string) => reference.slice('#/$defs/'.length)

/** The steps of `items[].sku`: `items`, `sku`. A dot that belongs to a name has a backslash before it. */
const stepsOf = (path: string) =>
  path
    .split(/(?<!\\)\./)
    .map((step) => step.replaceAll('[]', '').replaceAll('\\.', '.'))
    .filter((step) => step !== '')

function treeOf(paths: readonly string[]): Tree {
  const root = newTree()
  for (const [index, path] of paths.entries()) {
    let node = root
    for (const step of stepsOf(path)) {
      const next = node.children.get(step) ?? newTree()
      node.children.set(step, next)
      node = next
    }
    node.end ??= index
  }
  return root
}

function rewriteValue(value: Json, node: Tree, rule: Omit<Rule, 'left'>): Json {
  if (Array.isArray(value)) return value.map((item) => rewriteValue(item, node, rule))
  if (!isObject(value)) return value
  const members = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    const child = node.children.get(name)
    if (!child) return rule.others === 'keep' ? [[name, member]] : []
    const rewritten = child.end === undefined ? rewriteValue(member, child, rule) : rule.value(member)
    return rewritten === undefined ? [] : [[name, rewritten]]
  })
  return Object.fromEntries(members)
}

/** Rules about members that are no longer all there. */
const ABOUT_ALL = (
  'additionalProperties unevaluatedProperties patternProperties propertyNames minProperties maxProperties ' +
  'dependentRequired dependentSchemas if then else not contains'
).split(' ')
const LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])

/** The members of an object's schema; those that only `additionalProperties` describes get a place of their own. */
function rewriteProperties(schema: JsonObject, node: Tree, rule: Rule, defs: JsonObject): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const { additionalProperties: others, patternProperties } = schema
  const rewrite = (member: Json, child: Tree) =>
    child.end === undefined ? rewriteSchema(member, child, rule, defs, []) : rule.schema(member, defs)
  const kept: [string, Json][] = []
  for (const [name, member] of Object.entries(properties)) {
    node.known.add(name)
    const child = node.children.get(name)
    const rewritten = child ? rewrite(member, child) : rule.others === 'keep' ? member : undefined
    if (rewritten !== undefined) kept.push([name, rewritten])
  }
  for (const [name, child] of node.children) {
    const isNamed = Object.hasOwn(properties, name)
    child.found ||= isNamed || others === true || isObject(others) || patternProperties !== undefined
    if (isNamed || !isObject(others) || patternProperties !== undefined) continue
    const rewritten = rewrite(others, child)
    if (rewritten !== undefined) kept.push([name, rewritten])
  }
  return Object.fromEntries(kept)
}

function rewriteSchema(schema: Json, node: Tree, rule: Rule, defs: JsonObject, inside: string[]): Json {
  if (!isObject(schema)) return schema
  const { $ref, ...beside } = schema
  if (typeof $ref === 'string') {
    // The same place again without a step in between: such a list in a list may hold anything.
    if (inside.includes($ref)) return {}
    rule.left.schemas -= 1
    if (rule.left.schemas < 0) throw new ConfigError('The answer has too many schemas for "select" or "redact"')
    return rewriteSchema({ ...(defs[nameOf($ref)] as JsonObject), ...beside }, node, rule, defs, [...inside, $ref])
  }
  const isOpaque = ['properties', 'additionalProperties', 'items', ...LISTS].every((word) => schema[word] === undefined)
  if (isOpaque) for (const child of node.children.values()) markAll(child)
  const copy: [string, Json][] = []
  const properties = rewriteProperties(schema, node, rule, defs)
  if (schema.properties !== undefined || Object.keys(properties).length > 0) copy.push(['properties', properties])
  // Which names a pattern is about is not worked out: it is left out with what it leaves to others.
  const dropsRules = rule.others === 'drop' || (node.children.size > 0 && schema.patternProperties !== undefined)
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties' || (dropsRules && ABOUT_ALL.includes(keyword))) continue
    if (keyword === 'required' && Array.isArray(value)) {
      const required = value.filter((name) => {
        const child = node.children.get(String(name))
        return child ? rule.others === 'drop' || child.end === undefined : rule.others === 'keep'
      })
      if (required.length > 0) copy.push([keyword, required])
    } else if (keyword === 'items') copy.push([keyword, rewriteSchema(value, node, rule, defs, inside)])
    else if (LISTS.has(keyword) && Array.isArray(value))
      copy.push([keyword, value.map((each) => rewriteSchema(each, node, rule, defs, inside))])
    else copy.push([keyword, value])
  }
  return Object.fromEntries(copy)
}

/** What stands in a schema that says nothing of its members cannot be known to be wrong. */
function markAll(node: Tree): void {
  node.found = true
  for (const child of node.children.values()) markAll(child)
}

/** An open schema's members are not known either. */
function unknown(node: Tree, report: (index: number, message: string) => void, paths: readonly string[]): void {
  for (const [name, child] of node.children) {
    if (child.found) {
      unknown(child, report, paths)
      continue
    }
    const index = firstEnd(child)
    report(index, `"${paths[index]}": the answer has no field "${name}" there.${didYouMean(name, node.known)}`)
  }
}

const firstEnd = (node: Tree): number => node.end ?? Math.min(...[...node.children.values()].map(firstEnd))

/** Hides every text of these names at any depth, and leaves out what else they name. */
function redactNames(value: Json, names: ReadonlySet<string>): Json {
  if (Array.isArray(value)) return value.map((each) => redactNames(each, names))
  if (!isObject(value)) return value
  const members = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    if (!names.has(name)) return [[name, redactNames(member, names)]]
    return typeof member === 'string' ? [[name, REDACTED]] : []
  })
  return Object.fromEntries(members)
}

/** What is wrong with the path at this index of `select` or `redact`. */
export type ReportField = (key: 'select' | 'redact', index: number, message: string) => void

export interface Fields {
  /** Some values are hidden, wherever they stand. */
  hides: boolean
  /** A result with the kept fields only, and without the hidden values. */
  value(value: Json): Json
  /** The body of an error: nothing is selected, and what has the name of a hidden field is hidden. */
  error(value: Json): Json
  /** The schema of what `value` gives. Inlines what it has to change; other references stay. */
  schema(schema: Json, defs: JsonObject): Json
  /** Tells of names that no schema given so far has. */
  check(report: ReportField): void
}

/** Undefined when nothing is selected or hidden. */
export function createFields(select: readonly string[] = [], redact: readonly string[] = []): Fields | undefined {
  if (select.length === 0 && redact.length === 0) return undefined
  const steps = [
    { key: 'redact' as const, paths: redact, tree: treeOf(redact), rule: REDACT },
    { key: 'select' as const, paths: select, tree: treeOf(select), rule: SELECT },
  ].filter(({ paths }) => paths.length > 0)
  const names = new Set(redact.flatMap((path) => stepsOf(path).slice(-1)))
  return {
    hides: names.size > 0,
    value: (value) => steps.reduce((result, { tree, rule }) => rewriteValue(result, tree, rule), value),
    error: (value) => (names.size === 0 ? value : redactNames(value, names)),
    schema: (schema, defs) =>
      steps.reduce(
        (result, { tree, rule }) => rewriteSchema(result, tree, { ...rule, left: { schemas: MOST_SCHEMAS } }, defs, []),
        schema,
      ),
    check(report) {
      for (const { key, paths, tree } of steps) unknown(tree, (index, message) => report(key, index, message), paths)
    },
  }
}
