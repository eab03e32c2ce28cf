import type { SchemaError } from '../checks/validation.ts'
import { isObject, pointerSteps } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import type { Path } from './yaml-file.ts'

/** A finding of the schema, as a person reads it. */
interface Explained {
  path: Path
  message: string
  /** It is about the key that ends the path, not about its value. */
  atKey?: true
}

const quoted = (names: string[]) => names.map((name) => JSON.stringify(name)).join(', ')

const namesOf = (schema: unknown): string[] => {
  const properties = isObject(schema) && isObject(schema.properties) ? schema.properties : {}
  return Object.entries(properties).flatMap(([name, value]) => (value === false ? [] : [name]))
}

const placeOf = (path: Path) => (path.length === 0 ? 'the file' : `"${path.join('.')}"`)

const oneOf = (values: unknown[], given: unknown) => {
  const words = values.map(String)
  const hint = typeof given === 'string' && !words.includes(given) ? didYouMean(given, words) : ''
  return `must be one of ${words.join(', ')}.${hint}`
}

/**
 * The errors inside an `anyOf` that are worth telling: none where all branches want a key (they are told as one), else
 * those of the branch whose type the value has.
 */
function ofAlternatives(error: SchemaError, inside: SchemaError[]): SchemaError[] {
  const branches = (error.parentSchema?.anyOf ?? []) as { type?: string; required?: string[] }[]
  if (branches.every(({ required, type }) => required && !type)) return []
  const given = Array.isArray(error.data) ? 'array' : isObject(error.data) ? 'object' : undefined
  const chosen = branches.findIndex(({ type }) => given !== undefined && type === given)
  return inside.filter(({ schemaPath }) => schemaPath.startsWith(`${error.schemaPath}/${chosen}/`))
}

function alternatives(error: SchemaError): string {
  const branches = (error.parentSchema?.anyOf ?? []) as { required?: string[]; enum?: string[] }[]
  if (branches.every((branch) => branch.required)) {
    const choices = branches.flatMap(({ required = [] }) => required)
    return `needs one of ${quoted(choices)}`
  }
  const words = branches.flatMap((branch) => branch.enum ?? [])
  const keys = branches.flatMap((branch) => branch.required ?? [])
  const hint = typeof error.data === 'string' ? didYouMean(error.data, words) : ''
  return `must be ${quoted(words)}, or have ${quoted(keys)}.${hint}`
}

function one(error: SchemaError): Explained {
  const path = pointerSteps(error.instancePath)
  const { keyword, params, parentSchema, message = 'is not valid' } = error
  const said = (words: string): Explained => ({ path, message: `${placeOf(path)} ${words}` })
  if (keyword === 'additionalProperties') {
    const name = String(params.additionalProperty)
    const hint = didYouMean(name, namesOf(parentSchema))
    return { path: [...path, name], message: `Unknown key "${name}".${hint}`, atKey: true }
  }
  if (keyword === 'required') return said(`needs "${params.missingProperty}"`)
  if (keyword === 'enum') return said(oneOf(params.allowedValues as unknown[], error.data))
  if (keyword === 'const') return said(`must be ${JSON.stringify(params.allowedValue)}`)
  if (keyword === 'anyOf') return said(alternatives(error))
  if (keyword === 'not') {
    const { required } = (error.schema ?? {}) as { required?: string[] }
    // A key that another one rules out.
    if (!required)
      return { path, message: `"${path.at(-1)}" does not go here. ${parentSchema?.description ?? ''}`, atKey: true }
    return said(`cannot have both ${required.map((name) => `"${name}"`).join(' and ')}`)
  }
  if (keyword === 'propertyNames') {
    const name = String(params.propertyName)
    return { path: [...path, name], message: `"${name}" cannot be a name here.`, atKey: true }
  }
  if (keyword === 'pattern') return said(`${message} (${String(parentSchema?.description ?? '')})`)
  return said(message)
}

/** What the schema of the curation file has found, one finding for each mistake, with the nearest right name. */
export function explain(errors: SchemaError[]): Explained[] {
  const told = errors.filter((error) => {
    // The name itself is told by "propertyNames".
    if (error.schemaPath.includes('/propertyNames/')) return false
    return errors.every((other) => {
      const isAround =
        other.keyword === 'anyOf' && error !== other && error.schemaPath.startsWith(`${other.schemaPath}/`)
      if (isAround) return ofAlternatives(other, errors).includes(error)
      // An `anyOf` whose branch is told needs no words of its own.
      return error.keyword !== 'anyOf' || other === error || !ofAlternatives(error, errors).includes(other)
    })
  })
  return told.map(one)
}
