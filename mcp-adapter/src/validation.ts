import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { JsonObject } from './json.ts'

export type SchemaError = ErrorObject & { parentSchema?: Record<string, unknown> }

/** Every way in which a value breaks the schema; empty when it keeps it. Values are never changed (no coercion). */
export type Check = (value: unknown) => SchemaError[]

/**
 * Compiles a JSON Schema 2020-12 document whose references stay inside it. Unknown keywords and formats are let
 * through: OpenAPI documents carry them. Throws when the schema itself is broken.
 */
export function compile(schema: JsonObject): Check {
  // A registry of its own per schema: two tools may both have a `$defs/Order`, and must not see each other's.
  // ownProperties: an argument that is missing is not found on Object.prototype ("constructor").
  const ajv = new Ajv2020({ strict: false, allErrors: true, verbose: true, ownProperties: true, logger: false })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  return (value) => (validate(value) ? [] : ((validate.errors ?? []) as SchemaError[]))
}
