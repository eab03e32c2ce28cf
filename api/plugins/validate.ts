import AjvCompiler, { type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler'
import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import type { FastifySchemaValidationError, FastifyServerOptions } from 'fastify'
import { readerOf, type TextSchema } from './read-text.ts'

type ValidateFunction = ((data: unknown) => boolean) & { errors?: FastifySchemaValidationError[] | null }
type SchemaController = NonNullable<FastifyServerOptions['schemaController']>

/** `verbose`: an error knows the schema that it is about, and so the fields that there are. */
const COMMON = {
  removeAdditional: false,
  useDefaults: true,
  allowUnionTypes: true,
  coerceTypes: false,
  verbose: true,
  // What a value holds is no rule for it; the strict mode refuses words that it was not told of.
  keywords: ['x-pii', 'x-pii-owner', 'x-untrusted'] as string[],
} as const

/** Up to so many values a wrong body is looked through for all its faults; of a larger one the first is told. */
const MOST_EXPLAINED = 2000

/**
 * Validation that keeps its hands off: unknown fields are refused instead of dropped, and "7" is not 7. Only in the
 * query and the path, where everything is text, is a number read from it, and only from plain decimal notation.
 * (Fastify's defaults do both silently.)
 */
export function strictValidation(): SchemaController {
  const build = AjvCompiler()
  // Fastify passes the route's definition, which the compiler's own types do not name.
  const buildValidator = (...[schemas]: Parameters<BuildCompilerFromPool>) => {
    const compiler = (allErrors: boolean) =>
      build(schemas, { customOptions: { ...COMMON, allErrors } }) as unknown as (
        route: RouteDefinition,
      ) => ValidateFunction
    const first = compiler(false)
    const all = compiler(true)
    return (route: RouteDefinition) =>
      String(route.httpPart) === 'body'
        ? explainShort(
            atFirstUse(() => first(route)),
            atFirstUse(() => all(route)),
          )
        : readingText(
            route.schema as TextSchema,
            atFirstUse(() => all(route)),
          )
  }
  return {
    compilersFactory: { buildValidator: buildValidator as unknown as BuildCompilerFromPool, buildSerializer },
  }
}

/**
 * Compiling all schemas takes most of a second, and many are for answers that are rarely given: each is compiled when
 * it is first needed. That every one of them compiles is what the contract tests see.
 */
function atFirstUse(compile: () => ValidateFunction): ValidateFunction {
  let compiled: ValidateFunction | undefined
  const validate: ValidateFunction = (data) => {
    compiled ??= compile()
    const valid = compiled(data)
    validate.errors = compiled.errors ?? null
    return valid
  }
  return validate
}

type BuildSerializer = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildSerializer']>

const buildSerializer: BuildSerializer = (schemas, options) => {
  const compile = SerializerSelector()(schemas, options)
  return (route) => {
    let serialize: ((data: unknown) => string) | undefined
    return (data) => {
      serialize ??= compile(route)
      return serialize(data)
    }
  }
}

/** Reads what the schema wants from text, in place, then validates; text that is nothing of the kind stays text. */
function readingText({ properties = {} }: TextSchema, validate: ValidateFunction): ValidateFunction {
  const readers = Object.entries(properties).map(([name, schema]) => [name, readerOf(schema)] as const)
  const reading: ValidateFunction = (data) => {
    const fields = (data ?? {}) as Record<string, unknown>
    for (const [name, read] of readers) if (Object.hasOwn(fields, name)) fields[name] = read(fields[name])
    const valid = validate(data)
    reading.errors = validate.errors ?? null
    return valid
  }
  return reading
}

/** A hundred thousand wrong items would make as many errors, and nobody would read them: the service would stand still. */
function explainShort(first: ValidateFunction, all: ValidateFunction) {
  return (data: unknown) => {
    if (first(data)) return true
    if (isLarge(data)) return { error: first.errors }
    all(data)
    return { error: all.errors }
  }
}

/** Counts without recursion: what is wrong may also be deep. */
function isLarge(data: unknown): boolean {
  const found: unknown[] = [data]
  for (const value of found) {
    if (found.length > MOST_EXPLAINED) return true
    if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) found.push(each)
  }
  return false
}
