import { compile } from '../checks/validation.ts'
import type { CuratedParameter, SafetyRule } from '../curation/read.ts'
import { Bundler } from '../document/bundle.ts'
import type { Operation } from '../document/read.ts'
import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import { type Binding, type BodyRule, collectBindings, isUnique, PLACES } from './bindings.ts'
import { aliasProperties } from './inputs/aliases.ts'
import { resolveSchema } from './inputs/flatten.ts'
import { acceptIntegerTexts } from './inputs/int64.ts'
import { checkMirrored } from './inputs/mirrored.ts'
import type { CredentialNames } from './inputs/owned.ts'
import { MODEL_NAME } from './naming.ts'
import { playRole, type Roles, roleOf } from './safety.ts'

export interface Input {
  /** What a call's arguments are held against. `forModels` is what is published of it. */
  schema: JsonObject
  bindings: Binding[]
  /** The arguments are the body itself, by the schema as the document has it. */
  isBody?: true
  body?: BodyRule
  /** The arguments that the adapter itself understands. */
  roles: Roles
  /** The names that nested properties have on the wire, by the alias that the schema shows. */
  wireNames?: ReadonlyMap<string, string>
  credentials: CredentialNames
}

/** OpenAPI 3.1, section 4.8.24: the dialect of its schemas is built on this one. */
const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

type Member = [name: string, schema: Json, required: boolean]

function objectSchema(members: Member[]): JsonObject {
  const required = members.flatMap(([name, , isRequired]) => (isRequired ? [name] : []))
  // "Anything" is `{}` to every host; not all of them read `true` as a schema.
  const properties = Object.fromEntries(members.map(([name, schema]) => [name, schema === true ? {} : schema]))
  return { type: 'object', properties, ...(required.length > 0 && { required }), additionalProperties: false }
}

/** Throws ConfigError for a curated value that the API would refuse. */
function checkValues(root: JsonObject, binding: Binding, { default: preset, fixed, examples }: CuratedParameter): void {
  const values = [preset, fixed, ...(examples ?? [])].filter((value) => value !== undefined)
  if (values.length === 0) return
  const { schemas, defs } = new Bundler(root, 'send').bundle([binding.schema])
  const check = compile({ ...(schemas[0] as JsonObject), $defs: defs })
  for (const value of values) {
    const [error] = check(value)
    if (error) throw new ConfigError(`the value ${JSON.stringify(value)} ${error.message}`)
  }
}

/** What a curation file says about an argument goes over what the document says. */
function curate(root: JsonObject, binding: Binding, curated: CuratedParameter): Binding {
  checkValues(root, binding, curated)
  const { name, description, examples, default: preset, fixed, hidden } = curated
  const isSent = preset !== undefined || fixed !== undefined
  if (hidden && binding.required && !isSent)
    throw new ConfigError('is required: hide it with a fixed value, or remove it by an overlay')
  if (name !== undefined && !MODEL_NAME.test(name))
    throw new ConfigError(`cannot be called "${name}": 1 to 64 of a-z A-Z 0-9 _ . -`)
  return {
    ...binding,
    ...(name !== undefined && { argument: [...binding.argument.slice(0, -1), name] }),
    required: binding.required && !isSent,
    schema: {
      ...(isObject(binding.schema) ? binding.schema : {}),
      ...(description !== undefined && { description }),
      ...(preset !== undefined && { default: preset }),
      ...(examples !== undefined && { examples }),
    },
    ...(preset !== undefined && { fallback: preset }),
    ...(fixed !== undefined && { fixed }),
    ...(hidden && { hidden }),
  }
}

function curateAll(
  root: JsonObject,
  operation: Operation,
  all: Binding[],
  curated: Record<string, CuratedParameter>,
  report: (argument: string, message: string) => void,
): Binding[] {
  const names = all.map((binding) => binding.argument.join('.'))
  for (const name of Object.keys(curated)) {
    if (!names.includes(name)) report(name, `is not an argument of ${operation.id}.${didYouMean(name, names)}`)
  }
  const bindings = [...all]
  all.forEach((binding, index) => {
    const name = names[index] as string
    const entry = Object.hasOwn(curated, name) ? curated[name] : undefined
    if (!entry) return
    try {
      const changed = curate(root, binding, entry)
      if (!isUnique(bindings.with(index, changed)))
        throw new ConfigError(`cannot be called "${entry.name}": another argument is`)
      bindings[index] = changed
    } catch (error) {
      report(name, messageOf(error))
    }
  })
  return bindings
}

function rootSchema(shown: Binding[], schemas: Json[]): JsonObject {
  const members = shown.map(({ argument, required }, index) => ({ argument, schema: schemas[index] ?? {}, required }))
  const top = members.filter(({ argument }) => argument.length === 1)
  const buckets = PLACES.flatMap((place): Member[] => {
    const inside = members.filter(({ argument }) => argument.length === 2 && argument[0] === place)
    if (inside.length === 0) return []
    const bucket = inside.map(({ argument, schema, required }): Member => [argument[1] as string, schema, required])
    return [[place, objectSchema(bucket), inside.some((member) => member.required)]]
  })
  return objectSchema([
    ...top.map(({ argument, schema, required }): Member => [argument[0] as string, schema, required]),
    ...buckets,
  ])
}

/** The one argument that is all of a JSON body becomes the arguments themselves. Throws ConfigError. */
function bodyAsArguments(
  root: JsonObject,
  operation: Operation,
  bindings: Binding[],
  body: BodyRule | undefined,
): Binding[] {
  const [whole, ...others] = bindings.filter((binding) => binding.fixed === undefined && !binding.hidden)
  if (!whole || others.length > 0 || whole.place !== 'body' || body?.kind !== 'json')
    throw new ConfigError(`${operation.id}: "input: body" is for a JSON body without other arguments`)
  // A root that is a reference is written out: clients look for properties there.
  const schema = resolveSchema(root, whole.schema) ?? whole.schema
  return bindings.map((binding) => (binding === whole ? { ...whole, argument: [], schema } : binding))
}

/** The schema of a body that is an object, which arguments have to be. Throws ConfigError. */
function objectOf(operation: Operation, schema: Json | undefined): JsonObject {
  if (isObject(schema) && schema.type === 'object') return { $schema: DIALECT, ...schema }
  throw new ConfigError(`${operation.id}: "input: body" is for a body whose schema says "type: object"`)
}

/**
 * The arguments of an operation as one JSON Schema 2020-12 object: parameters and the fields of a body side by side.
 * Where names collide, everything moves into `{path, query, header, cookie, body}`. `curated` is keyed by the argument's
 * derived name ("limit", or "query.limit" after a collision), and its values have the names of the wire; what is wrong
 * with an entry goes to `report`. `safety` names the arguments that the adapter understands: none of them is required.
 * With `isBody` the arguments are the JSON body, and the schema is the document's with every keyword. Throws ConfigError
 * for what cannot be sent (a style, a media type, a broken `x-mcp-header`).
 */
export function buildInput(
  root: JsonObject,
  operation: Operation,
  curated: Record<string, CuratedParameter> = {},
  report: (argument: string, message: string) => void = (argument, message) => {
    throw new ConfigError(`${operation.id}: "${argument}" ${message}`)
  },
  safety?: SafetyRule,
  isBody = false,
): Input {
  const { bindings: found, body, credentials } = collectBindings(root, operation, safety, isBody)
  const parts = found.map((binding) => roleOf(operation, binding, safety))
  const all = found.map((binding, i) => (parts[i] ? playRole(binding, parts[i]) : binding))
  const named = curateAll(root, operation, all, curated, report)
  const bindings = isBody ? bodyAsArguments(root, operation, named, body) : named
  const shown = bindings.filter((binding) => binding.fixed === undefined && !binding.hidden)
  const bundled = new Bundler(root, 'send', isBody).bundle(shown.map((binding) => binding.schema))
  const aliased = aliasProperties(bundled.schemas, bundled.defs)
  const rootOf = (schemas: Json[]) => (isBody ? objectOf(operation, schemas[0]) : rootSchema(shown, schemas))
  checkMirrored({ ...rootOf(aliased.schemas), $defs: aliased.defs })
  const { schemas, defs } = isBody ? aliased : acceptIntegerTexts(aliased.schemas, aliased.defs)
  return {
    schema: { ...rootOf(schemas), ...(Object.keys(defs).length > 0 && { $defs: defs }) },
    bindings,
    ...(isBody && { isBody }),
    ...(body && { body }),
    roles: Object.fromEntries(bindings.flatMap((binding, i) => (parts[i] ? [[parts[i], binding]] : []))),
    ...(aliased.wireNames && { wireNames: aliased.wireNames }),
    credentials,
  }
}
