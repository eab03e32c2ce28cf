import { isObject, type Json, type JsonObject } from '../json.ts'
import { conjunction } from './combine.ts'
import { definition, referenceName } from './definitions.ts'
import { formats, limits, typesOf, values, withWords } from './gemini-keywords.ts'
import { type Budget, flat, newBudget, plainRoot } from './portable.ts'

const MOST_NODES = 2000
const DEEPEST = 12
/** A definition is written out again inside itself so many times. */
const MOST_REPEATS = 1

const ANY_BUT_LISTS: JsonObject[] = [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'object' }]
const ANY: JsonObject = {
  anyOf: [...ANY_BUT_LISTS, { type: 'array', items: { anyOf: ANY_BUT_LISTS, nullable: true } }],
  nullable: true,
}

/** Where the writing out of one tool stands. */
interface Way {
  root: JsonObject
  /** The definitions that are being written out. */
  inside: string[]
  depth: number
  nodes: Budget
  parts: Budget
}

/** What is left of a schema where writing it out has to end. */
function stub(schema: JsonObject, label: string): JsonObject {
  const types = typesOf(schema)
  const [type] = types.filter((each) => each !== 'null')
  if (types.length === 0 || types.filter((each) => each !== 'null').length !== 1) return withWords(ANY, label)
  const items = type === 'array' ? { items: ANY } : {}
  return withWords({ type: type as string, ...items, ...(types.includes('null') && { nullable: true }) }, label)
}

function object(schema: JsonObject, way: Way): JsonObject {
  const members = Object.entries(isObject(schema.properties) ? schema.properties : {}).filter(
    ([, each]) => each !== false,
  )
  const names = members.map(([name]) => name)
  const required = (Array.isArray(schema.required) ? schema.required : []).filter((name) =>
    names.includes(String(name)),
  )
  return {
    ...(members.length > 0 && {
      properties: Object.fromEntries(members.map(([name, each]) => [name, narrow(each, way)])),
    }),
    ...(required.length > 0 && { required }),
  }
}

/** A schema of one type. */
function ofType(schema: JsonObject, type: string, way: Way): JsonObject {
  const { schema: choice, text } = values(schema, type)
  const format = formats(schema, type)
  const isOpen = isObject(schema.additionalProperties) || isObject(schema.patternProperties)
  const example = Array.isArray(schema.examples) ? schema.examples[0] : undefined
  return withWords(
    {
      type,
      ...(type === 'object' && object(schema, way)),
      ...(type === 'array' && { items: schema.prefixItems === undefined ? narrow(schema.items ?? {}, way) : ANY }),
      ...limits(schema, type),
      ...choice,
      ...format.schema,
      ...(example !== undefined && { example }),
    },
    schema.description,
    text,
    format.text,
    type === 'object' && isOpen ? 'Other names are allowed.' : undefined,
  )
}

/** What the MCP client reads, and not the model: the header that an argument goes into as well (SEP-2243). */
const HEADER = 'x-mcp-header'

/** A choice inside a choice, so deep, is left open. */
const DEEPEST_CHOICE = 8

/** The alternatives of a schema, each with what holds for all of them. */
function alternatives(schema: JsonObject, { root, parts }: Pick<Way, 'root' | 'parts'>, depth = 0): JsonObject[] {
  const { anyOf, oneOf, description, [HEADER]: _, ...base } = schema
  const list = [anyOf, oneOf].find((each) => Array.isArray(each)) as Json[] | undefined
  if (list && depth < DEEPEST_CHOICE) {
    return list
      .filter((each) => each !== false)
      .flatMap((each) => {
        const part = isObject(each) ? each : {}
        // A reference stays one, so that its definition is seen to be inside itself.
        const isAlone = part.$ref !== undefined && Object.keys(base).length === 0
        return isAlone ? [part] : alternatives(conjunction([flat(root, part, parts), base]), { root, parts }, depth + 1)
      })
  }
  const words = description === undefined ? {} : { description }
  const types = typesOf(base)
  return types.length < 2 ? [{ ...base, ...words }] : types.map((type) => ({ ...base, ...words, type }))
}

function narrow(value: Json, way: Way): JsonObject {
  const written = isObject(value) ? writeOut(value, way) : ANY
  const header = isObject(value) ? value[HEADER] : undefined
  return header === undefined ? written : { ...written, [HEADER]: header }
}

function writeOut(value: JsonObject, way: Way): JsonObject {
  const { root, inside } = way
  const name = referenceName(value)
  way.nodes.left -= 1
  const repeats = inside.filter((each) => each === name).length
  if (way.nodes.left < 0 || way.depth >= DEEPEST || repeats > MOST_REPEATS) {
    return stub(definition(root, value) ?? value, name === undefined ? '' : `As ${name} above.`)
  }
  const schema = flat(root, value, way.parts)
  const next = { ...way, inside: name === undefined ? inside : [...inside, name], depth: way.depth + 1 }
  const choices = alternatives(schema, way)
  const real = choices.filter((each) => each.type !== 'null' && each.const !== null)
  const allowsNull = real.length < choices.length || (Array.isArray(schema.enum) && schema.enum.includes(null))
  const nullable = allowsNull ? { nullable: true } : {}
  const { description } = schema
  const [first] = real
  if (!first) return withWords({ type: 'string', nullable: true }, description, 'Only null.')
  if (real.length === 1) {
    const [type] = typesOf(first)
    if (first.$ref !== undefined) {
      const alone = narrow(first, next)
      return withWords({ ...alone, ...nullable }, description ?? alone.description)
    }
    if (type === undefined) return withWords(ANY, description)
    const words = description === undefined ? {} : { description }
    return { ...ofType({ ...first, ...words }, type, next), ...nullable }
  }
  // Words of the whole stand beside the choice; each alternative has its own.
  const choice = real.map(({ description: own, ...each }) =>
    own === undefined || own === description ? each : { ...each, description: own },
  )
  return withWords({ anyOf: choice.map((each) => narrow(each, next)), ...nullable }, description)
}

/**
 * What Gemini takes as `parameters` of a function: the Schema message of Google's APIs, a part of OpenAPI 3.0. References
 * are written out, those of a definition inside itself once more; `null` is `nullable`; what has no keyword there is told
 * in the description. It takes every call that the full schema takes, except lists inside lists that have no type.
 */
export function gemini(schema: JsonObject): JsonObject {
  const parts = newBudget()
  const { $defs, ...root } = plainRoot(schema, parts)
  const way: Way = {
    root: $defs === undefined ? {} : { $defs },
    inside: [],
    depth: 0,
    nodes: { left: MOST_NODES },
    parts,
  }
  return { properties: {}, ...narrow(root, way) }
}
