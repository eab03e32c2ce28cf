import { isObject, type Json, type JsonObject } from '../json.ts'

/** Keywords that say nothing about which values are valid. */
const ANNOTATIONS = new Set([
  'description',
  'title',
  'default',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'externalDocs',
  'xml',
  '$comment',
])
const COMBINERS = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'const']
/** What documents write where the specifications have no such type. */
const NO_TYPES = new Set(['any', 'file', 'date', 'datetime', 'date-time', 'float', 'double', 'long', 'int', 'bool'])
const REAL_TYPES: Record<string, string> = {
  float: 'number',
  double: 'number',
  long: 'integer',
  int: 'integer',
  bool: 'boolean',
}

const isAnnotation = (keyword: string) => ANNOTATIONS.has(keyword) || keyword.startsWith('x-')

/** OpenAPI 3.0.4, section 4.7.24: what stands beside a `$ref` is ignored. Words cannot mislead, and are kept. */
function dropSiblings(schema: JsonObject): void {
  for (const keyword of Object.keys(schema)) {
    if (keyword !== '$ref' && keyword !== 'nullable' && !isAnnotation(keyword)) delete schema[keyword]
  }
}

/** `minimum: 3, exclusiveMinimum: true` (draft 4) as `exclusiveMinimum: 3`. */
function exclusive(schema: JsonObject, keyword: 'exclusiveMinimum' | 'exclusiveMaximum', limit: string): void {
  if (typeof schema[keyword] !== 'boolean') return
  const isStrict = schema[keyword]
  delete schema[keyword]
  if (!isStrict || typeof schema[limit] !== 'number') return
  schema[keyword] = schema[limit]
  delete schema[limit]
}

function normaliseType(schema: JsonObject): void {
  const { type } = schema
  if (typeof type === 'string' && NO_TYPES.has(type)) {
    const real = Object.hasOwn(REAL_TYPES, type) ? REAL_TYPES[type] : type === 'any' ? undefined : 'string'
    if (real === undefined) delete schema.type
    else schema.type = real
    if (type === 'file') schema.format = 'binary'
  }
  if (Array.isArray(type) && type.length === 0) delete schema.type
  if (Array.isArray(schema.items)) {
    schema.prefixItems = schema.items
    delete schema.items
    if (schema.additionalItems !== undefined) schema.items = schema.additionalItems
  }
  delete schema.additionalItems
  const isArray = schema.type === 'array' || (Array.isArray(schema.type) && schema.type.includes('array'))
  // Several models' APIs refuse arrays that do not say of what.
  if (isArray && schema.items === undefined && schema.prefixItems === undefined) schema.items = {}
}

const withNull = (values: Json): Json => (Array.isArray(values) && !values.includes(null) ? [...values, null] : values)

/**
 * `nullable: true` as JSON Schema says it. A type becomes a list of types, and null one of the values of an `enum`;
 * where references or combinations decide, null is an alternative to all of them.
 */
function allowNull(schema: JsonObject): void {
  const isNullable = schema.nullable === true
  delete schema.nullable
  if (!isNullable) return
  if (COMBINERS.some((keyword) => schema[keyword] !== undefined)) {
    const rules: JsonObject = {}
    for (const keyword of Object.keys(schema)) {
      if (isAnnotation(keyword)) continue
      Object.defineProperty(rules, keyword, {
        value: schema[keyword],
        enumerable: true,
        configurable: true,
        writable: true,
      })
      delete schema[keyword]
    }
    schema.anyOf = [rules, { type: 'null' }]
    return
  }
  const { type } = schema
  if (typeof type === 'string' && type !== 'null') schema.type = [type, 'null']
  if (Array.isArray(type) && !type.includes('null')) schema.type = [...type, 'null']
  if (schema.enum !== undefined) schema.enum = withNull(schema.enum)
}

/**
 * Changes one schema (not those inside it) from the dialects of OpenAPI 2.0 and 3.0 to JSON Schema 2020-12, in place.
 * A document that calls itself 3.1 and still writes `nullable: true` means the same by it. `is30`: what stands beside a
 * `$ref` is not heeded.
 */
export function normaliseSchema(schema: JsonObject, is30: boolean): void {
  if (is30 && typeof schema.$ref === 'string') dropSiblings(schema)
  exclusive(schema, 'exclusiveMinimum', 'minimum')
  exclusive(schema, 'exclusiveMaximum', 'maximum')
  normaliseType(schema)
  if (schema.nullable !== undefined) allowNull(schema)
  // Draft 3 wrote it into the property; `required` of the object around it decides since.
  if (typeof schema.required === 'boolean') delete schema.required
  if (typeof schema.discriminator === 'string') schema.discriminator = { propertyName: schema.discriminator }
  // `example` is a keyword of 3.1 still, deprecated. 2.0 and 3.0 have no `examples` here, and documents write maps.
  if (isObject(schema.examples)) schema.examples = Object.values(schema.examples)
  else if (schema.examples !== undefined && !Array.isArray(schema.examples)) schema.examples = [schema.examples]
}
