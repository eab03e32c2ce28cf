import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { atPointer, isObject, type Json, type JsonObject } from '../json.ts'
import { withinTime } from './bounded.ts'
import { isCostly } from './costly.ts'
import { useFastDateTime } from './date-time.ts'
import { useFastUniqueItems } from './unique-items.ts'
import { isPlainlyWellFormed } from './well-formed.ts'

export type SchemaError = ErrorObject & { parentSchema?: Record<string, unknown> }

/**
 * Every way in which a value breaks the schema; empty when it keeps it. Values are never changed (no coercion). What
 * cannot be found out in time is an error at the root, `unchecked`: a schema that comes from elsewhere must not hold up
 * the whole process.
 */
export type Check = (value: unknown) => SchemaError[]

/** Values, not schemas. */
const VALUES = new Set(['const', 'default', 'enum', 'example', 'examples'])

/** Their members are schemas, under names that are not keywords. */
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])

/** What the schema of schemas lets through and a compiler does not: patterns and references. @throws Error */
function findBroken(root: JsonObject, value: Json): void {
  if (Array.isArray(value)) for (const each of value) findBroken(root, each)
  if (!isObject(value)) return
  const { pattern, patternProperties, $ref } = value
  for (const text of [pattern, ...Object.keys(isObject(patternProperties) ? patternProperties : {})]) {
    if (typeof text === 'string') new RegExp(text, 'u')
  }
  if (typeof $ref === 'string' && atPointer(root, decodeURIComponent($ref.slice(1))) === undefined) {
    throw new Error(`The reference ${$ref} leads nowhere.`)
  }
  for (const [keyword, each] of Object.entries(value)) {
    if (NAMED.has(keyword) && isObject(each)) for (const schema of Object.values(each)) findBroken(root, schema)
    else if (!VALUES.has(keyword)) findBroken(root, each)
  }
}

type Compiled = (value: unknown) => SchemaError[]

function createAjv(options: Options = {}) {
  // A registry of its own per schema: two tools may both have a `$defs/Order`, and must not see each other's.
  // ownProperties: an argument that is missing is not found on Object.prototype ("constructor").
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    verbose: true,
    ownProperties: true,
    logger: false,
    ...options,
  })
  addFormats.default(ajv)
  useFastUniqueItems(ajv)
  useFastDateTime(ajv)
  return ajv
}

/** While one value is checked, nothing else happens in the process. */
const MOST_MS = 300

const UNCHECKED: SchemaError = {
  keyword: 'unchecked',
  instancePath: '',
  schemaPath: '#',
  params: {},
  message: 'cannot be checked in reasonable time',
}

function compileNow(schema: JsonObject, isOurs: boolean): Compiled {
  // The judge has seen it. To be judged here again, the schema of schemas would be compiled with every tool.
  const validate = createAjv({ validateSchema: false, meta: false }).compile(schema)
  const judged = (value: unknown) => (validate(value) ? [] : ((validate.errors ?? []) as SchemaError[]))
  return !isOurs && isCostly(schema) ? (value) => withinTime(() => judged(value), MOST_MS) : judged
}

let judge: Ajv2020 | undefined

/** Holds a schema against the one that schemas are written by, which is compiled when it is needed. @throws Error */
function judgeSchema(schema: JsonObject): void {
  if (isPlainlyWellFormed(schema)) return
  judge ??= createAjv()
  if (!judge.validateSchema(schema)) throw new Error(judge.errorsText(judge.errors, { dataVar: 'schema' }))
}

/** The dry runs and approvals of many tools have one schema. Compiling it takes milliseconds; most are never used. */
const known = new Map<string, Check>()
const MOST_KNOWN = 1000

/**
 * Makes a check of a JSON Schema 2020-12 document whose references stay inside it. Unknown keywords and formats are let
 * through: OpenAPI documents carry them. It is compiled at its first use. `isOurs`: the schema is the adapter's own; it is
 * well formed, and takes the time that it takes. `isPart`: it was made of a schema that has been found well formed, by leaving out; to hold
 * it against the schema of schemas as well would take longer than all else that is done with it.
 * @throws Error when the schema itself is broken
 */
export function compile(schema: JsonObject, { isOurs = false, isPart = false } = {}): Check {
  // Two tools seldom publish the same, and nothing is compiled unless an answer departs from its schema.
  const text = isPart ? undefined : JSON.stringify([isOurs, schema])
  const before = text === undefined ? undefined : known.get(text)
  if (before) return before
  if (!isOurs && !isPart) {
    judgeSchema(schema)
    findBroken(schema, schema)
  }
  let compiled: Compiled | undefined
  const check: Check = (value) => {
    try {
      compiled ??= compileNow(schema, isOurs)
      return compiled(value)
    } catch (error) {
      if (isOurs) throw error
      // It took too long, the stack was too small, or an expression turned out to be too large for the engine.
      return [UNCHECKED]
    }
  }
  if (text === undefined) return check
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(text, check)
  return check
}
