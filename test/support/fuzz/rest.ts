import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { Document } from '../../../api/openapi.ts'
import { brokenJson, hostileText, keeping, type Schema, spoiled } from './values.ts'

/** An HTTP request as it goes out. */
export interface BadRequest {
  operationId: string
  method: string
  /** With the query; already encoded, well or badly. */
  path: string
  headers: Record<string, string>
  body?: string | Buffer
}

interface Parameter {
  name: string
  in: string
  schema: Schema
}

interface Described {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']
const TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/merge-patch+json',
  'application/json; a=b; c="',
  '*/*',
  'x'.repeat(2000),
]
const CREDENTIALS = ['Bearer x', 'Bearer ', 'bearer', 'Basic YTpi', `Bearer ${'a'.repeat(9000)}`, 'Bearer hr_a_b', '']
const HEADERS = ['if-match', 'idempotency-key', 'approval-id', 'traceparent', 'handrail-tool', 'x-request-id', 'accept']

/** Only what a header can hold on the wire; Latin-1 is sent as it is. */
const headerText = hostileText.map((text) => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 2000))
/** Encoded, and sometimes wrongly so. */
const pathText = fc.oneof(
  { weight: 4, arbitrary: hostileText.map((text) => encodeURIComponent(Buffer.from(text).toString())) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%', '%zz', '%ff', '%c0%af', '..', '.', '%2e%2e', '%2f', ';a=b', 'a%00b', ''),
  },
)

/**
 * Requests that are wrong in one place or more, and some that are right, for each operation of a document.
 * @param keys credentials that work
 * @param known values that exist, by the name of a field or a format
 */
export function badRequests(
  document: Document,
  keys: string[],
  known: Record<string, unknown[]>,
): fc.Arbitrary<BadRequest> {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      requestsOf(document, path, method.toUpperCase(), operation as unknown as Described, keys, known),
    ),
  )
  return fc.oneof(...all)
}

function requestsOf(
  document: Document,
  template: string,
  documented: string,
  { operationId, parameters = [], requestBody }: Described,
  keys: string[],
  known: Record<string, unknown[]>,
): fc.Arbitrary<BadRequest> {
  const schema = requestBody?.content['application/json']?.schema
  const right = schema ? keeping(schema, document, known) : fc.constant(undefined)
  const json = (values: fc.Arbitrary<unknown>) => values.map((value) => JSON.stringify(value))
  const body: fc.Arbitrary<string | Buffer | undefined> = fc.oneof(
    { weight: 3, arbitrary: json(right) },
    { weight: 5, arbitrary: json(schema ? spoiled(right) : spoiled(fc.constant({}))) },
    { weight: 1, arbitrary: brokenJson(json(right).map((text) => text ?? '{}')) },
  )
  const inPath = parameters.filter((each) => each.in === 'path')
  const inQuery = parameters.filter((each) => each.in === 'query')
  const ok = (parameter: Parameter) =>
    keeping(parameter.schema, document, known, parameter.name).map((value) => encodeURIComponent(String(value)))
  const often = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 4, arbitrary: good }, { weight: 1, arbitrary: bad })
  const seldom = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value })
  return fc
    .record({
      path: fc.tuple(...inPath.map((each) => often(ok(each), pathText))),
      query: fc.record(Object.fromEntries(inQuery.map((each) => [each.name, often(ok(each), pathText)])), {
        requiredKeys: [],
      }),
      extra: seldom(
        fc.tuple(fc.constantFrom('limit', 'limit', 'access_token', 'dryRun', '__proto__', 'a[b]', '%'), pathText),
      ),
      method: often(fc.constant(documented), fc.constantFrom(documented, documented, ...METHODS)),
      credential: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...keys).map((key) => `Bearer ${key}`) },
        { weight: 1, arbitrary: fc.constantFrom(...CREDENTIALS) },
      ),
      type: often(fc.constant('application/json'), fc.constantFrom('application/json', 'application/json', ...TYPES)),
      header: seldom(fc.tuple(fc.constantFrom(...HEADERS), headerText)),
      ifMatch: fc.constantFrom('"1"', '"2"', '*', 'W/"1"'),
      body,
    })
    .map(({ path, query, extra, method, credential, type, header, ifMatch, body: sent }) => {
      const values = [...path]
      const target = template.replaceAll(/\{[^}]+\}/g, () => values.shift() ?? 'x')
      const pairs = Object.entries(query).map(([name, value]) => `${name}=${value}`)
      if (extra) pairs.push(extra.join('='))
      const hasBody = schema !== undefined && method !== 'GET' && method !== 'HEAD' && sent !== undefined
      return {
        operationId,
        method,
        path: pairs.length > 0 ? `${target}?${pairs.join('&')}` : target,
        headers: {
          ...(credential && { authorization: credential }),
          ...(hasBody && { 'content-type': type }),
          ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
          ...(parameters.some(({ name }) => name === 'If-Match') && { 'if-match': ifMatch }),
          ...(header && { [header[0]]: header[1] }),
        },
        ...(hasBody && { body: sent }),
      }
    })
}
