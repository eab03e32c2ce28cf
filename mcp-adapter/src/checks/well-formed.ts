import { isObject, type Json } from '../json.ts'

type Judge = (value: Json) => boolean

const TYPES = new Set(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'])
const isText: Judge = (value) => typeof value === 'string'
const isFlag: Judge = (value) => typeof value === 'boolean'
const isNumber: Judge = (value) => typeof value === 'number'
const isCount: Judge = (value) => Number.isInteger(value) && (value as number) >= 0
const isList: Judge = Array.isArray
const isAnything: Judge = () => true
const isType: Judge = (value) =>
  Array.isArray(value)
    ? value.length > 0 && value.every((each) => TYPES.has(each as string)) && new Set(value).size === value.length
    : TYPES.has(value as string)
const isNames: Judge = (value) => Array.isArray(value) && value.every(isText) && new Set(value).size === value.length
const isSchemas: Judge = (value) => Array.isArray(value) && value.length > 0 && value.every(isPlainlyWellFormed)
const isNamedSchemas: Judge = (value) => isObject(value) && Object.values(value).every(isPlainlyWellFormed)
/** What bundling writes. Others may be no URI references. */
const isOwnReference: Judge = (value) => typeof value === 'string' && /^#(\/[\w.$-]+)*$/.test(value)

function isPattern(value: Json): boolean {
  // "\Z" is an anchor elsewhere, which Ajv's "regex" format refuses.
  if (typeof value !== 'string' || value.includes('\\Z')) return false
  try {
    new RegExp(value, 'u')
    return true
  } catch {
    return false
  }
}

/** Keywords of JSON Schema 2020-12 by what their value must be. */
const KEYWORDS: ReadonlyMap<string, Judge> = new Map([
  ...names(isText, 'title description format contentEncoding contentMediaType'),
  ...names(isFlag, 'uniqueItems deprecated readOnly writeOnly'),
  ...names(isNumber, 'minimum maximum exclusiveMinimum exclusiveMaximum'),
  ...names(isCount, 'minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains'),
  ...names(isList, 'enum examples'),
  ...names(isAnything, 'const default'),
  ...names(isPlainlyWellFormed, 'items additionalProperties not if then else contains propertyNames contentSchema'),
  ...names(isPlainlyWellFormed, 'unevaluatedItems unevaluatedProperties'),
  ...names(isSchemas, 'allOf anyOf oneOf prefixItems'),
  ...names(isNamedSchemas, 'properties $defs dependentSchemas'),
  ...names((value) => typeof value === 'number' && value > 0, 'multipleOf'),
  ...names(isType, 'type'),
  ...names(isNames, 'required'),
  ...names(isOwnReference, '$ref'),
  ...names(isPattern, 'pattern'),
])

function names(judge: Judge, list: string): [string, Judge][] {
  return list.split(' ').map((name) => [name, judge])
}

/** Other keywords that the schema of schemas has rules for. */
const OTHERS = new Set(['patternProperties', 'definitions', 'dependencies', 'dependentRequired'])

/**
 * Whether a schema is well formed at first sight: it has nothing but the usual keywords of JSON Schema 2020-12, with
 * values of the right kind, and keywords that are not of it. False says nothing: the schema of schemas has to be asked,
 * which takes many times as long.
 */
export function isPlainlyWellFormed(schema: Json): boolean {
  if (typeof schema === 'boolean') return true
  if (!isObject(schema)) return false
  for (const keyword of Object.keys(schema)) {
    const judge = KEYWORDS.get(keyword)
    if (judge ? !judge(schema[keyword] as Json) : keyword.startsWith('$') || OTHERS.has(keyword)) return false
  }
  return true
}
