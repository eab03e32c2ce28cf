import { isObject, type Json, type JsonObject } from '../json.ts'
import { type ProblemError, ProblemResult } from '../results/problem.ts'
import type { Binding } from '../tools/bindings.ts'
import type { Input } from '../tools/input-schema.ts'

/** One HTTP request, ready to be sent below the API's base URL. */
export interface HttpRequest {
  method: string
  /** Path and query, percent-encoded, beginning with "/". */
  path: string
  /** Instead of the base path of the API. */
  basePath?: string
  headers: Record<string, string>
  body?: string
}

/** Arguments that keep the schema and still cannot be sent, as a problem that names the argument. */
function refuse(binding: Binding, message: string): never {
  const pointer = `/${binding.argument.join('/')}`
  const errors: ProblemError[] = [{ pointer, code: 'format', message }]
  throw new ProblemResult({
    error: 'invalid-arguments',
    message: `${pointer} ${message}`,
    errors,
    hint: `Correct ${pointer} and call the tool again.`,
    retryable: false,
  })
}

/** The argument of a binding, or undefined. Only own properties count, so "constructor" is not found by accident. */
function argumentOf(args: JsonObject, path: string[]): Json | undefined {
  let value: Json | undefined = args
  for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  return value
}

/** What is sent for a binding. An explicit null of the model stays null; only a missing argument is filled in. */
export function sentValue(binding: Binding, args: JsonObject): Json | undefined {
  if (binding.fixed !== undefined) return binding.fixed
  const given = binding.hidden ? undefined : argumentOf(args, binding.argument)
  return given === undefined ? binding.fallback : given
}

const plain = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value))

function encode(binding: Binding, value: string): string {
  try {
    return encodeURIComponent(value)
  } catch {
    return refuse(binding, 'must be well-formed Unicode text')
  }
}

/** A value in simple style (RFC 6570, section 3.2.2; OpenAPI 3.1, style values). */
function simple(binding: Binding, value: Json, write: (text: string) => string): string {
  if (binding.json) return write(JSON.stringify(value))
  if (Array.isArray(value)) return value.map((item) => write(plain(item))).join(',')
  if (isObject(value)) {
    const pairs = Object.entries(value).map(([k, v]) => `${write(k)}${binding.explode ? '=' : ','}${write(plain(v))}`)
    return pairs.join(',')
  }
  return write(plain(value))
}

/** Query pairs in form style with either `explode`, or deepObject; already percent-encoded. */
function query(binding: Binding, value: Json): string[] {
  const write = (text: string) => encode(binding, text)
  const name = write(binding.name)
  if (binding.json) return [`${name}=${write(JSON.stringify(value))}`]
  if (isObject(value)) {
    const entries = Object.entries(value)
    if (binding.style === 'deepObject') return entries.map(([k, v]) => `${name}%5B${write(k)}%5D=${write(plain(v))}`)
    if (binding.explode) return entries.map(([k, v]) => `${write(k)}=${write(plain(v))}`)
  }
  if (Array.isArray(value) && binding.explode) return value.map((item) => `${name}=${write(plain(item))}`)
  return [`${name}=${simple(binding, value, write)}`]
}

/**
 * Fills a path template. A value stays within its segment: it is percent-encoded, and a segment that would then be
 * empty, "." or ".." is refused, because URL parsers and proxies walk up at those, encoded or not.
 */
function fillPath(template: string, values: Map<string, { binding: Binding; value: Json }>): string {
  const segments = template.split('/').map((segment) => {
    let last: Binding | undefined
    const filled = segment.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
      const entry = values.get(name)
      if (!entry) throw new Error(`The path parameter "${name}" has no value`)
      last = entry.binding
      return simple(entry.binding, entry.value, (text) => encode(entry.binding, text))
    })
    if (last && (filled === '' || filled === '.' || filled === '..')) refuse(last, 'must not be empty, "." or ".."')
    return filled
  })
  return segments.join('/')
}

/**
 * The request that a call means. `args` have passed the input schema. Throws ProblemResult (`invalid-arguments`) for
 * a value that cannot stand in a path or a header.
 */
export function buildRequest(operation: { method: string; path: string }, input: Input, args: JsonObject): HttpRequest {
  const inPath = new Map<string, { binding: Binding; value: Json }>()
  const pairs: string[] = []
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json;q=0.9, */*;q=0.1' }
  const fields: [string, Json][] = []
  let whole: Json | undefined
  for (const binding of input.bindings) {
    const value = sentValue(binding, args)
    if (value === undefined) continue
    if (binding.place === 'path') inPath.set(binding.name, { binding, value })
    else if (binding.place === 'query') pairs.push(...(value === null ? [] : query(binding, value)))
    else if (binding.place === 'header') {
      const text = simple(binding, value, (part) => part)
      if (!/^[\x20-\x7e]*$/.test(text)) refuse(binding, 'must be printable ASCII text')
      headers[binding.name.toLowerCase()] = text
    } else if (binding.name === '') whole = value
    else fields.push([binding.name, value])
  }
  const path = fillPath(operation.path, inPath) + (pairs.length > 0 ? `?${pairs.join('&')}` : '')
  const request: HttpRequest = { method: operation.method, path, headers }
  // fromEntries defines own properties, so that a field called "__proto__" is only a field.
  const content = input.body?.whole
    ? whole
    : fields.length > 0 || input.body?.required
      ? Object.fromEntries(fields)
      : undefined
  if (content === undefined) return request
  headers['content-type'] = input.body?.mediaType ?? 'application/json'
  return { ...request, body: JSON.stringify(content) }
}
