import { ConfigError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { resolved } from './lookup.ts'
import { normaliseSchema } from './schema-3-1.ts'
import { walk } from './structure.ts'

/**
 * Turns an OpenAPI 3.0, 3.1 or 3.2 document into one of 3.1 with schemas of JSON Schema 2020-12, in place, each object
 * once however often it is used. Throws ConfigError for any other version.
 */
export function normalise(parsed: unknown, name: string): JsonObject {
  const version = isObject(parsed) ? parsed.openapi : undefined
  if (!isObject(parsed) || typeof version !== 'string' || !/^3\.[012](\.|$)/.test(version))
    throw new ConfigError(`${name} is not an OpenAPI document of version 3.0, 3.1 or 3.2, nor Swagger 2.0`)
  const is30 = version.startsWith('3.0')
  walk(parsed, 'document', (node, kind) => {
    if (kind === 'schema') normaliseSchema(node, is30)
    // Only OpenAPI 3.2 has references to media types, and nobody after this looks for one.
    if (kind === 'mediaType' && typeof node.$ref === 'string') {
      const target: Json = resolved(parsed, node)
      delete node.$ref
      Object.assign(node, target)
    }
  })
  if (!version.startsWith('3.1')) parsed.openapi = '3.1.1'
  return parsed
}
