import { escapeStep, type JsonObject } from '../json.ts'
import { type ProblemError, ProblemResult } from '../results/problem.ts'
import { sentValue } from '../sent-value.ts'
import type { Binding } from '../tools/bindings.ts'
import type { Input } from '../tools/input-schema.ts'
import { isClosedCookie } from '../tools/inputs/owned.ts'
import { encodeBody } from './encode/body.ts'
import { headerText } from './encode/header.ts'
import { fillPath, leaving, pathText } from './encode/path.ts'
import { type Plan, planOf, type Step } from './encode/plan.ts'
import { cookiePairs, queryPairs } from './encode/query.ts'
import { type Sendable, Unsendable } from './encode/text.ts'

/** One HTTP request, ready to be sent below the API's base URL. */
export interface HttpRequest {
  method: string
  /** Path and query, percent-encoded, beginning with "/". */
  path: string
  /** Instead of the base path of the API. */
  basePath?: string
  /** Names in lower case. `cookie` holds the arguments' cookies only: a credential is added to it. */
  headers: Record<string, string>
  body?: string | Uint8Array
}

/** Arguments that keep the schema and still cannot be sent, as a problem that names the argument. */
function refuse(binding: Binding, { message, steps }: Unsendable): never {
  const pointer = `/${[...binding.argument, ...steps].map(escapeStep).join('/')}`
  const errors: ProblemError[] = [{ pointer, code: 'format', message }]
  throw new ProblemResult({
    error: 'invalid-arguments',
    message: `${pointer} ${message}`,
    errors,
    hint: `Correct ${pointer} and call the tool again.`,
    retryable: false,
  })
}

/** What arguments have become, before it is put together. */
interface Draft {
  path: string[]
  query: string[]
  headers: Record<string, string>
  cookies: string[]
  fields: [string, Sendable][]
}

/** Curated values have the names of the wire; the model's get them here. */
function wireValue({ binding, toWire }: Step, args: JsonObject): Sendable | undefined {
  const value = sentValue(binding, args)
  if (value === undefined || !toWire || value === binding.fixed || value === binding.fallback) return value
  return toWire(value)
}

function put(step: Step, value: Sendable, draft: Draft, { credentials }: Input): void {
  const { binding, name } = step
  if (binding.place === 'path') draft.path[step.index] = pathText(binding, value)
  else if (binding.place === 'query') draft.query.push(...queryPairs(binding, value, credentials.query))
  else if (binding.place === 'cookie')
    draft.cookies.push(...cookiePairs(binding, value, (key) => isClosedCookie(key, credentials)))
  else if (binding.place === 'header') {
    const text = headerText(binding, value)
    if (text !== undefined) draft.headers[name] = text
  } else draft.fields.push([name, value])
}

/** The body of a request; undefined when there is none to send. */
function bodyOf({ body }: Input, { steps }: Plan, { fields }: Draft) {
  if (!body || (fields.length === 0 && (body.whole || !body.required))) return undefined
  // fromEntries defines own properties, so that a field called "__proto__" is only a field.
  const content = body.whole ? (fields[0]?.[1] as Sendable) : Object.fromEntries(fields)
  try {
    return encodeBody(body, content)
  } catch (error) {
    if (!(error instanceof Unsendable)) throw error
    const [field, ...inside] = error.steps
    const step = steps.find(({ binding }) => binding.place === 'body' && (body.whole || binding.name === field))
    if (!step) throw error
    return refuse(step.binding, body.whole ? error : new Unsendable(error.message, inside))
  }
}

const ACCEPT = 'application/json, application/problem+json;q=0.9, */*;q=0.1'

/**
 * The request that a call means. `args` have passed the input schema. Throws ProblemResult (`invalid-arguments`) for
 * a value that cannot stand where it belongs: in its segment of the path, in a header, or apart from others.
 */
export function buildRequest(
  operation: { method: string; path: string; basePath?: string },
  input: Input,
  args: JsonObject,
): HttpRequest {
  const plan = planOf(operation.path, input)
  const draft: Draft = { path: [], query: [], headers: { accept: ACCEPT }, cookies: [], fields: [] }
  if (plan.path.query !== '') draft.query.push(plan.path.query)
  for (const step of plan.steps) {
    try {
      const value = wireValue(step, args)
      if (value !== undefined) put(step, value, draft, input)
    } catch (error) {
      if (error instanceof Unsendable) refuse(step.binding, error)
      throw error
    }
  }
  const path = fillPath(plan.path, draft.path, (index) => refuse((plan.pathSteps[index] as Step).binding, leaving()))
  const body = bodyOf(input, plan, draft)
  const { headers } = draft
  if (draft.cookies.length > 0) headers.cookie = draft.cookies.join('; ')
  if (body) headers['content-type'] = body.contentType
  const target = draft.query.length > 0 ? `${path}?${draft.query.join('&')}` : path
  const request: HttpRequest = { method: operation.method, path: target, headers }
  if (operation.basePath !== undefined) request.basePath = operation.basePath
  if (body) request.body = body.body
  return request
}
