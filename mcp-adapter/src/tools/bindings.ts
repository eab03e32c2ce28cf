import type { SafetyRule } from '../curation/read.ts'
import type { Operation } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { type BodyRule, bodyBindings } from './inputs/body.ts'
import { type CredentialNames, credentialNames } from './inputs/owned.ts'
import { parameterBindings } from './inputs/parameters.ts'
import { modelNames, snakeCase } from './naming.ts'

export type { BodyRule } from './inputs/body.ts'
export { isOwnHeader } from './inputs/owned.ts'

export const PLACES = ['path', 'query', 'header', 'cookie', 'body'] as const
export type Place = (typeof PLACES)[number]

/** Where one argument goes in the request. */
export interface Binding {
  /**
   * Steps to the argument: `['limit']`, or `['query', 'limit']` where names of several places collide. None: all of the
   * arguments together are the value (`input: body`).
   */
  argument: string[]
  place: Place
  /** The name on the wire. A whole body has none (`BodyRule.whole`). */
  name: string
  required: boolean
  style: string
  explode: boolean
  /** The media type of a parameter with `content`: JSON text for JSON. */
  content?: string
  allowReserved?: true
  allowEmptyValue?: true
  schema: Json
  /** Sent when the argument is left out (curated). */
  fallback?: Json
  /** Always sent; the argument is not shown (curated). */
  fixed?: Json
  /** Neither shown nor sent (curated). */
  hidden?: true
}

type Unnamed = Omit<Binding, 'argument'>

interface Bindings {
  bindings: Binding[]
  body?: BodyRule
  /** The names of the API's credentials, which no argument may become. */
  credentials: CredentialNames
}

/** The adapter's own words name the dry run together with the headers' arguments, and they are in snake_case. */
function wordOf(place: Place, safety: SafetyRule | undefined): (name: string) => string {
  if (place === 'header') return (name) => name.toLowerCase().replaceAll('-', '_')
  if (place === 'query') return (name) => (name === safety?.dryRun ? snakeCase(name) : name)
  return (name) => name
}

/** Names the arguments of each place; a body that is one argument is called `body`. */
function named(unnamed: Unnamed[], body: BodyRule | undefined, safety: SafetyRule | undefined): Binding[] {
  const aliases = new Map<Unnamed, string>()
  for (const place of PLACES) {
    const here = unnamed.filter((binding) => binding.place === place)
    const names = modelNames(
      here.map((binding) => binding.name),
      wordOf(place, safety),
    )
    here.forEach((binding, index) => {
      aliases.set(binding, place === 'body' && body?.whole ? 'body' : (names[index] as string))
    })
  }
  return unnamed.map((binding) => ({ argument: [aliases.get(binding) as string], ...binding }))
}

export const isUnique = (bindings: Binding[]) =>
  new Set(bindings.map((binding) => JSON.stringify(binding.argument))).size === bindings.length

/**
 * Everything a call of this operation may carry, in order. Names stand side by side, or by place where one is in two
 * places; a body by field, or as one. Throws ConfigError for what cannot be sent.
 */
export function collectBindings(
  root: JsonObject,
  operation: Operation,
  safety?: SafetyRule,
  bodyAsOne = false,
): Bindings {
  const credentials = credentialNames(root)
  const { bindings: fields, body } = bodyBindings(root, operation, bodyAsOne)
  const flat = named([...parameterBindings(operation, credentials, safety), ...fields], body, safety)
  const rest = { ...(body && { body }), credentials }
  if (isUnique(flat)) return { bindings: flat, ...rest }
  const inBuckets = flat.map((binding) => {
    const isBucket = binding.place === 'body' && body?.whole
    return isBucket ? binding : { ...binding, argument: [binding.place, ...binding.argument] }
  })
  if (!isUnique(inBuckets)) throw new ConfigError(`${operation.id}: two parameters of one place have the same name`)
  return { bindings: inBuckets, ...rest }
}
