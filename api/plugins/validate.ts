import AjvCompiler, { type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler'
import type { FastifyServerOptions } from 'fastify'

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>

const COMMON = { removeAdditional: false, useDefaults: true, allErrors: true, allowUnionTypes: true } as const

/**
 * Validation that keeps its hands off: unknown fields are refused instead of dropped, and "7" is not 7. Only in the
 * query and the path, where everything is text, is a number read from it. (Fastify's defaults do both silently.)
 */
export function strictValidation(): SchemaController {
  const build = AjvCompiler()
  // Fastify passes the route's definition, which the compiler's own types do not name.
  const buildValidator = (...[schemas]: Parameters<BuildCompilerFromPool>) => {
    const compiler = (coerceTypes: false | 'array') =>
      build(schemas, { customOptions: { ...COMMON, coerceTypes } }) as unknown as (route: RouteDefinition) => never
    const exact = compiler(false)
    const fromText = compiler('array')
    return (route: RouteDefinition) => (String(route.httpPart) === 'body' ? exact(route) : fromText(route))
  }
  return { compilersFactory: { buildValidator: buildValidator as unknown as BuildCompilerFromPool } }
}
