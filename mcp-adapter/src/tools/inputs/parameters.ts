import type { SafetyRule } from '../../curation/read.ts'
import type { Operation } from '../../document/read.ts'
import { ConfigError } from '../../errors.ts'
import { isObject, type JsonObject } from '../../json.ts'
import type { Binding, Place } from '../bindings.ts'
import { type CredentialNames, isClosedCookie, isClosedHeader } from './owned.ts'
import { isStyle } from './styles.ts'

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
const STYLES: Record<Exclude<Place, 'body'>, [byDefault: string, ...others: string[]]> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form', 'cookie'],
}

/** Whether the model may give this parameter: never a credential, or a header that is the adapter's own. */
function isOffered(parameter: JsonObject, credentials: CredentialNames, safety: SafetyRule | undefined): boolean {
  const name = String(parameter.name).toLowerCase()
  if (parameter.in === 'header') return !isClosedHeader(name, credentials) && name !== safety?.toolHeader?.toLowerCase()
  if (parameter.in === 'query') return !credentials.query.has(name)
  if (parameter.in === 'cookie') return !isClosedCookie(name, credentials)
  return parameter.in === 'path' || parameter.in === 'querystring'
}

/** How a parameter is written. Throws ConfigError for a style that its place does not have. */
function writing(operation: Operation, parameter: JsonObject, place: Exclude<Place, 'body'>) {
  const [content] = isObject(parameter.content) ? Object.keys(parameter.content) : []
  if (parameter.in === 'querystring') return { style: 'querystring', explode: true, content: content ?? '' }
  const [byDefault] = STYLES[place]
  const style = typeof parameter.style === 'string' ? parameter.style : byDefault
  if (!STYLES[place].includes(style) || !isStyle(style))
    throw new ConfigError(
      `${operation.id}: the ${place} parameter "${parameter.name}" cannot have the style "${style}"`,
    )
  const explode = typeof parameter.explode === 'boolean' ? parameter.explode : style === 'form' || style === 'cookie'
  return { style, explode, ...(content !== undefined && { content }) }
}

function parameterBinding(operation: Operation, parameter: JsonObject): Omit<Binding, 'argument'> {
  const place = (parameter.in === 'querystring' ? 'query' : parameter.in) as Exclude<Place, 'body'>
  const name = String(parameter.name)
  if ((place === 'header' || place === 'cookie') && !TOKEN.test(name))
    throw new ConfigError(`${operation.id}: "${name}" cannot be the name of a ${place}`)
  const [media] = isObject(parameter.content) ? Object.values(parameter.content) : []
  const schema = (isObject(media) ? media.schema : parameter.schema) ?? {}
  // Required and with a default says two things: the model may leave it out, and the API still gets a value.
  const preset = isObject(schema) && parameter.required === true && place !== 'path' ? schema.default : undefined
  const mirrored = parameter['x-mcp-header']
  const words = {
    ...(typeof parameter.description === 'string' && { description: parameter.description }),
    ...(mirrored !== undefined && { 'x-mcp-header': mirrored }),
  }
  return {
    place,
    name,
    required: place === 'path' || (parameter.required === true && preset === undefined),
    ...writing(operation, parameter, place),
    ...(parameter.allowReserved === true && place === 'query' && { allowReserved: true }),
    ...(parameter.allowEmptyValue === true && place === 'query' && { allowEmptyValue: true }),
    schema: isObject(schema) ? { ...schema, ...words } : schema,
    ...(preset !== undefined && { fallback: preset }),
  }
}

/** The parameters that a model may give. Throws ConfigError for a style or a name that cannot be sent. */
export function parameterBindings(
  operation: Operation,
  credentials: CredentialNames,
  safety?: SafetyRule,
): Omit<Binding, 'argument'>[] {
  return operation.parameters
    .filter((parameter) => isOffered(parameter, credentials, safety))
    .map((parameter) => parameterBinding(operation, parameter))
}
