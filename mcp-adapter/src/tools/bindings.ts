import type { SafetyRule } from '../curation/read.ts'
import { lookUp, type Operation } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { snakeCase } from './naming.ts'

export type Place = 'path' | 'query' | 'header' | 'body'

/** Where one argument goes in the request. */
export interface Binding {
  /** Steps to the argument: `['limit']`, or `['query', 'limit']` where names of several places collide. */
  argument: string[]
  place: Place
  /** The name on the wire; empty for a whole body. */
  name: string
  required: boolean
  style: string
  explode: boolean
  /** The value travels as JSON text (a parameter with `content`). */
  json: boolean
  schema: Json
  /** Sent when the argument is left out (curated). */
  fallback?: Json
  /** Always sent; the argument is not shown (curated). */
  fixed?: Json
  /** Neither shown nor sent (curated). */
  hidden?: true
}

/** A JSON request body: its media type, whether it is sent even when empty, whether one argument is all of it. */
export interface BodyRule {
  mediaType: string
  required: boolean
  whole: boolean
}

/** Headers that the adapter or the connection owns. A document may name them; an argument never becomes one. */
const OWN_HEADERS = new Set(
  (
    'accept accept-encoding authorization connection content-encoding content-length content-type cookie expect ' +
    'forwarded host keep-alive proxy-authenticate proxy-authorization set-cookie te trailer transfer-encoding upgrade ' +
    'user-agent via x-request-id traceparent tracestate baggage handrail-assertion'
  ).split(' '),
)
const QUERY_STYLES = new Set(['form', 'deepObject'])

function credentialNames(root: JsonObject): Set<string> {
  const schemes =
    isObject(root.components) && isObject(root.components.securitySchemes) ? root.components.securitySchemes : {}
  const named = Object.values(schemes).flatMap((scheme) =>
    isObject(scheme) && scheme.type === 'apiKey' ? [scheme] : [],
  )
  return new Set(named.map((scheme) => `${scheme.in}:${String(scheme.name).toLowerCase()}`))
}

/** Whether a header belongs to the connection or to the adapter itself. */
export function isOwnHeader(name: string): boolean {
  return OWN_HEADERS.has(name.toLowerCase()) || /^(x-forwarded-|proxy-|sec-)/i.test(name)
}

/** Whether the model may give this parameter: never a credential, a cookie, or a header that the adapter sets. */
function isOffered(parameter: JsonObject, credentials: Set<string>, safety: SafetyRule | undefined): boolean {
  const name = String(parameter.name).toLowerCase()
  if (parameter.in === 'cookie') return false
  if (parameter.in === 'header' && (isOwnHeader(name) || name === safety?.toolHeader?.toLowerCase())) return false
  return !credentials.has(`${parameter.in}:${name}`)
}

function argumentName(place: Place, name: string): string {
  const word = place === 'header' ? name.toLowerCase().replaceAll('-', '_') : name
  const safe = word.replaceAll(/[^a-zA-Z0-9_.-]+/g, '_')
  return (safe === word ? safe : safe.replace(/_+$/, '')).slice(0, 64) || '_'
}

function parameterBinding(operation: Operation, parameter: JsonObject, safety: SafetyRule | undefined): Binding {
  const place = parameter.in as Place
  const name = String(parameter.name)
  const content = isObject(parameter.content) ? Object.values(parameter.content)[0] : undefined
  const style = typeof parameter.style === 'string' ? parameter.style : place === 'query' ? 'form' : 'simple'
  if (place === 'query' ? !QUERY_STYLES.has(style) : style !== 'simple') {
    throw new ConfigError(`${operation.id}: style "${style}" of the ${place} parameter "${name}" is not supported`)
  }
  const schema = (isObject(content) ? content.schema : parameter.schema) ?? {}
  // Required and with a default says two things: the model may leave it out, and the API still gets a value.
  const preset = isObject(schema) && parameter.required === true && place !== 'path' ? schema.default : undefined
  const description = typeof parameter.description === 'string' ? { description: parameter.description } : {}
  return {
    // The adapter's own words name this argument together with those of the headers, and they are in snake_case.
    argument: [place === 'query' && name === safety?.dryRun ? snakeCase(name) : argumentName(place, name)],
    place,
    name,
    required: place === 'path' || (parameter.required === true && preset === undefined),
    style,
    explode: typeof parameter.explode === 'boolean' ? parameter.explode : style === 'form',
    json: content !== undefined,
    schema: isObject(schema) ? { ...schema, ...description } : schema,
    ...(preset !== undefined && { fallback: preset }),
  }
}

/** The component behind a body schema, when its properties can stand beside the parameters without changing meaning. */
function flatBody(root: JsonObject, schema: Json, optional: boolean): JsonObject | undefined {
  let target = schema
  for (let step = 0; isObject(target) && typeof target.$ref === 'string' && step < 50; step++)
    target = lookUp(root, target.$ref)
  if (!isObject(target) || !isObject(target.properties)) return undefined
  if (target.type !== undefined && target.type !== 'object') return undefined
  if (
    ['allOf', 'anyOf', 'oneOf', 'if', 'patternProperties', 'propertyNames'].some((word) => target[word] !== undefined)
  )
    return undefined
  if (target.additionalProperties !== undefined && target.additionalProperties !== false) return undefined
  // An optional body with required fields: flattened, the fields would be required even when no body is meant.
  if (optional && Array.isArray(target.required) && target.required.length > 0) return undefined
  return target
}

function bodyBindings(root: JsonObject, operation: Operation): { bindings: Binding[]; body: BodyRule | undefined } {
  const requestBody = operation.requestBody
  if (!requestBody || !isObject(requestBody.content)) return { bindings: [], body: undefined }
  const mediaType = Object.keys(requestBody.content).find((type) => /^application\/(.+\+)?json\b/i.test(type))
  const media = mediaType === undefined ? undefined : requestBody.content[mediaType]
  if (mediaType === undefined || !isObject(media)) {
    throw new ConfigError(`${operation.id}: only JSON request bodies are supported`)
  }
  const required = requestBody.required === true
  const common = { place: 'body' as const, style: 'simple', explode: false, json: true }
  const flat = flatBody(root, media.schema ?? {}, !required)
  if (!flat) {
    const whole = { ...common, argument: ['body'], name: '', required, schema: media.schema ?? {} }
    return { bindings: [whole], body: { mediaType, required, whole: true } }
  }
  const needed = Array.isArray(flat.required) ? flat.required : []
  const properties = Object.entries(flat.properties as JsonObject).filter(
    ([, s]) => !(isObject(s) && s.readOnly === true),
  )
  const bindings = properties.map(([name, schema]) => {
    return { ...common, argument: [argumentName('body', name)], name, required: needed.includes(name), schema }
  })
  return { bindings, body: { mediaType, required, whole: false } }
}

const unique = (bindings: Binding[]) => new Set(bindings.map((b) => b.argument.join('/'))).size === bindings.length

/** Everything a call of this operation may carry, in order. Throws ConfigError for what cannot be sent. */
export function collectBindings(
  root: JsonObject,
  operation: Operation,
  safety?: SafetyRule,
): { bindings: Binding[]; body: BodyRule | undefined } {
  const credentials = credentialNames(root)
  const parameters = operation.parameters
    .filter((p) => isOffered(p, credentials, safety))
    .map((p) => parameterBinding(operation, p, safety))
  const { bindings: fields, body } = bodyBindings(root, operation)
  const flat = [...parameters, ...fields]
  if (unique(flat)) return { bindings: flat, body }
  const inBuckets = flat.map((binding) => {
    const isBucket = binding.place === 'body' && binding.name === ''
    return isBucket ? binding : { ...binding, argument: [binding.place, ...binding.argument] }
  })
  if (!unique(inBuckets))
    throw new ConfigError(`${operation.id}: two parameters of one place get the same argument name`)
  return { bindings: inBuckets, body }
}
