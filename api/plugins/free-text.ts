import { cleanText } from '../../src/privacy/clean-text.ts'
import { isStorable } from '../../src/privacy/text.ts'

/** The parts of a JSON schema that say where strings stand and what they may hold. */
export interface Schema {
  type?: string | string[]
  $ref?: string
  properties?: Record<string, Schema>
  items?: Schema
  additionalProperties?: boolean | Schema
  patternProperties?: Record<string, Schema>
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  pattern?: string
  format?: string
  enum?: unknown[]
  const?: unknown
}

/** @returns a value of which the free text is clean; what is no free text is the same */
export type Clean = (value: unknown) => unknown

const NOTHING: Clean = (value) => value

/**
 * Makes the cleaner of a schema. Free text is every string that the schema holds to no pattern, format or set of words,
 * so that a new field is cleaned unless it says that it is something else.
 * @param resolve finds the schema that a `$ref` names
 */
export function cleanerOf(schema: Schema, resolve: (ref: string) => Schema): Clean {
  if (schema.$ref !== undefined) return cleanerOf(resolve(schema.$ref), resolve)
  const of = (each: Schema) => cleanerOf(each, resolve)
  const parts: Clean[] = [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map(of)
  if (isFreeText(schema))
    parts.push((value) => (typeof value === 'string' && isStorable(value) ? cleanText(value) : value))
  if (schema.items) parts.push(eachItem(of(schema.items)))
  if (schema.properties ?? schema.additionalProperties ?? schema.patternProperties) parts.push(eachField(schema, of))
  const working = parts.filter((part) => part !== NOTHING)
  return working.length === 0 ? NOTHING : (value) => working.reduce((cleaned, part) => part(cleaned), value)
}

function isFreeText({ type, pattern, format, enum: words, const: fixed }: Schema): boolean {
  return [type].flat().includes('string') && (pattern ?? format ?? words ?? fixed) === undefined
}

function eachItem(clean: Clean): Clean {
  return clean === NOTHING ? NOTHING : (value) => (Array.isArray(value) ? value.map(clean) : value)
}

/** What is changed is changed in place: the object was parsed from this request and belongs to nobody else. */
function eachField(
  { properties = {}, additionalProperties, patternProperties = {} }: Schema,
  of: (schema: Schema) => Clean,
) {
  const named = Object.entries(properties)
    .map(([name, schema]) => [name, of(schema)] as const)
    .filter(([, clean]) => clean !== NOTHING)
  const others = [additionalProperties, ...Object.values(patternProperties)]
    .map((schema) => (typeof schema === 'object' ? of(schema) : NOTHING))
    .filter((clean) => clean !== NOTHING)
  if (named.length === 0 && others.length === 0) return NOTHING
  return (value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const fields = value as Record<string, unknown>
    for (const [name, clean] of named) if (Object.hasOwn(fields, name)) fields[name] = clean(fields[name])
    if (others.length > 0) {
      for (const name of Object.keys(fields).filter((each) => !Object.hasOwn(properties, each))) {
        fields[name] = others.reduce((cleaned, clean) => clean(cleaned), fields[name])
      }
    }
    return value
  }
}
