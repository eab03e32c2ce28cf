import type { CuratedParameter, SafetyRule } from '../curation/read.ts'
import { Bundler } from '../document/bundle.ts'
import type { Operation } from '../document/read.ts'
import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import { type Binding, type BodyRule, collectBindings } from './bindings.ts'
import { playRole, type Roles, roleOf } from './safety.ts'
import { compile } from './validation.ts'

export interface Input {
  schema: JsonObject
  bindings: Binding[]
  body?: BodyRule
  /** The arguments that the adapter itself understands. */
  roles: Roles
}

function objectSchema(members: [name: string, schema: Json, required: boolean][]): JsonObject {
  const required = members.flatMap(([name, , isRequired]) => (isRequired ? [name] : []))
  const properties = Object.fromEntries(members.map(([name, schema]) => [name, schema]))
  return { type: 'object', properties, ...(required.length > 0 && { required }), additionalProperties: false }
}

/** What a curation file says about an argument goes over what the document says. */
function curate(root: JsonObject, binding: Binding, curated: CuratedParameter): Binding {
  for (const value of [curated.default, curated.fixed]) {
    if (value === undefined) continue
    const { schemas, defs } = new Bundler(root, 'send').bundle([binding.schema])
    const [error] = compile({ ...(schemas[0] as JsonObject), $defs: defs })(value)
    if (error) throw new ConfigError(`the value ${JSON.stringify(value)} ${error.message}`)
  }
  const isSent = curated.default !== undefined || curated.fixed !== undefined
  if (curated.hidden && binding.required && !isSent) throw new ConfigError('is required: hide it with a fixed value')
  const schema = isObject(binding.schema) ? binding.schema : {}
  return {
    ...binding,
    required: binding.required && !isSent,
    schema: {
      ...schema,
      ...(curated.description !== undefined && { description: curated.description }),
      ...(curated.default !== undefined && { default: curated.default }),
    },
    ...(curated.default !== undefined && { fallback: curated.default }),
    ...(curated.fixed !== undefined && { fixed: curated.fixed }),
    ...(curated.hidden && { hidden: true }),
  }
}

type Member = { path: string[]; schema: Json; required: boolean }

function rootSchema(members: Member[]): JsonObject {
  const top = members.filter(({ path }) => path.length === 1)
  const buckets = (['path', 'query', 'header', 'body'] as const).flatMap((place): Member[] => {
    const inside = members.filter(({ path }) => path.length === 2 && path[0] === place)
    if (inside.length === 0) return []
    const schema = objectSchema(inside.map(({ path, schema, required }) => [path[1] as string, schema, required]))
    return [{ path: [place], schema, required: inside.some((member) => member.required) }]
  })
  return objectSchema([...top, ...buckets].map(({ path, schema, required }) => [path[0] as string, schema, required]))
}

/**
 * The arguments of an operation as one JSON Schema 2020-12 object: path, query and header parameters and the fields
 * of a JSON body side by side. Where names collide, everything moves into `{path, query, header, body}`. `curated` is
 * keyed by the argument's name ("limit", or "query.limit" after a collision); what is wrong with an entry goes to
 * `report`. `safety` names the arguments that the adapter understands: none of them is required. Throws ConfigError for
 * what cannot be sent (a style, a media type, names that still collide).
 */
export function buildInput(
  root: JsonObject,
  operation: Operation,
  curated: Record<string, CuratedParameter> = {},
  report: (argument: string, message: string) => void = (argument, message) => {
    throw new ConfigError(`${operation.id}: "${argument}" ${message}`)
  },
  safety?: SafetyRule,
): Input {
  const { bindings: found, body } = collectBindings(root, operation, safety)
  const parts = found.map((binding) => roleOf(operation, binding, safety))
  const all = found.map((binding, i) => (parts[i] ? playRole(binding, parts[i]) : binding))
  const names = all.map((binding) => binding.argument.join('.'))
  for (const name of Object.keys(curated)) {
    if (!names.includes(name)) report(name, `is not an argument of ${operation.id}.${didYouMean(name, names)}`)
  }
  const bindings = all.map((binding, i) => {
    const name = names[i] as string
    const entry = Object.hasOwn(curated, name) ? curated[name] : undefined
    try {
      return entry ? curate(root, binding, entry) : binding
    } catch (error) {
      report(name, messageOf(error))
      return binding
    }
  })
  const shown = bindings.filter((binding) => binding.fixed === undefined && !binding.hidden)
  const { schemas, defs } = new Bundler(root, 'send').bundle(shown.map((binding) => binding.schema))
  const members = shown.map((b, i): Member => ({ path: b.argument, schema: schemas[i] ?? {}, required: b.required }))
  const schema = rootSchema(members)
  return {
    schema: { ...schema, ...(Object.keys(defs).length > 0 && { $defs: defs }) },
    bindings,
    ...(body && { body }),
    roles: Object.fromEntries(bindings.flatMap((binding, i) => (parts[i] ? [[parts[i], binding]] : []))),
  }
}
