import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { CodedError, ERRORS, type ErrorCode, QuotaExceeded, scopeMissing } from '../src/domain/errors.ts'
import { HEADERS, LIMIT_HEADERS, successHeaders } from './openapi-headers.ts'
import { isRead, type Operation } from './operation.ts'
import { problem, STATUS } from './plugins/errors.ts'
import { DRY_RUN_TYPE } from './plugins/unit-of-work.ts'
import { errorCodes } from './route.ts'
import { approvalExample } from './v1/approvals/routes.ts'

/** The parts of an OpenAPI 3.1 document that are completed here. */
export interface Document {
  openapi: string
  info: { title: string; version: string; description: string }
  paths: Record<string, Record<string, DocumentOperation>>
  components: { schemas: Record<string, object>; examples?: Record<string, Example>; [name: string]: unknown }
  [name: string]: unknown
}

interface DocumentOperation {
  operationId: string
  parameters?: { name: string; in: string; [name: string]: unknown }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string; headers?: object; content?: Record<string, Media> }>
  [name: string]: unknown
}

interface Media {
  schema?: object
  example?: unknown
  examples?: Record<string, { $ref: string }>
}

interface Example {
  summary: string
  value: unknown
}

const EXAMPLE_REQUEST_ID = '019a9f6c-5b7e-7a31-9c0d-2f6b1e8d4c55'
const EXAMPLE_TIME = new Date('2026-01-31T12:00:00Z')

const DESCRIPTION = `Customer operations: users, products, orders, messages and reports, for people and for AI agents alike.

Every request carries an API key, or an access token where the operator has connected an identity provider, as a bearer
token. It belongs to a person, or to an agent that acts for a person; an agent may do what the person may do and the
credential's scopes name: they are the actions of the operations. \`GET /api/v1/me\` tells who you are and what you may do.

POST wants an \`Idempotency-Key\`: a random text that stands for one request. Repeated with its key, a request is not
carried out again and gets the same answer. \`?dryRun=true\` tells what a change would do and does nothing. Where policy
wants the consent of a person, a change answers 202 with an approval: once it is \`approved\`, repeat the same request
with the same key and the approval's id as \`Approval-Id\`.

Free text (notes, reasons, messages, names, searches) is kept in Unicode NFC, with LF for every end of a line and without
characters that do not show, such as controls, bidirectional controls, tags and zero-width spaces; lengths count what is
kept. Emoji and joiners that a script needs stay. Half a surrogate pair or U+0000 is refused.

Reads carry an \`ETag\`. PATCH wants it back as \`If-Match\`. Lists are paged: pass \`nextCursor\` on as \`cursor\`. Every
failure has the same body (\`application/problem+json\`): decide on \`error\`, do what \`hint\` says, and repeat the same
request only where \`retryable\` is true.

Every request costs points (\`x-cost\`) of the quotas of its person and its agent; \`RateLimit\` tells what is left of them.
After 429 and 503 wait for the seconds in \`Retry-After\`.`

/** Publishes the document of one version of the API, made from the routes and their operations. */
export async function registerOpenApi(
  app: FastifyInstance,
  version: string,
  tags: { name: string; description: string }[],
  operations: Operation[],
): Promise<void> {
  const byId = new Map(operations.map((operation) => [operation.operationId, operation]))
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Handrail',
        version,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      // Relative to the document, so that it holds wherever the service runs.
      servers: [{ url: '/', description: 'The service that publishes this document.' }],
      tags,
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `hr_<id>_<secret>`.' },
          accessToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description:
              'An access token (RFC 9068) of an identity provider that the operator has connected: see ' +
              '`/.well-known/oauth-protected-resource/api/v1`. Each operation names the scope that it needs; the provider ' +
              'may have another name for it, which the challenge of a refusal tells.',
          },
        },
      },
    },
    // @fastify/swagger numbers shared schemas unless told their names.
    refResolver: { buildLocalReference: (json, _baseUri, _fragment, index) => String(json.$id ?? `def-${index}`) },
    transform: ({ schema, url, route }) => {
      const { operation } = route.config ?? {}
      if (!operation) return { schema: { ...schema, hide: true }, url }
      const { operationId, summary, description, tag, action, risk, cost, perMinute } = operation
      return {
        schema: {
          ...schema,
          operationId,
          summary,
          description,
          tags: [tag],
          security: [{ apiKey: [] }, { accessToken: [action] }],
          'x-action': action,
          'x-risk': risk,
          'x-cost': cost,
          ...(perMinute !== undefined && { 'x-per-minute': perMinute }),
        },
        url,
      }
    },
    transformObject: (input) => {
      if (!('openapiObject' in input)) throw new Error('only OpenAPI 3 is published')
      return complete(structuredClone(input.openapiObject) as unknown as Document, byId) as object
    },
  })
}

function complete(document: Document, operations: Map<string, Operation>): Document {
  for (const path of Object.values(document.paths)) {
    for (const entry of Object.values(path)) {
      const operation = operations.get(entry.operationId)
      if (operation) completeOperation(entry, operation)
    }
  }
  const codes = [...new Set([...operations.values()].flatMap(errorCodes))].sort()
  document.components.examples = Object.fromEntries(codes.map((code) => [code, toExample(code)]))
  document.components.headers = Object.fromEntries(
    LIMIT_HEADERS.map(([name, description, example]) => [
      name,
      {
        description: `${description} On every answer to a caller who is known.`,
        schema: { type: 'string' },
        example,
      },
    ]),
  )
  const { schemas } = document.components
  // The names are in the keys already; `$id` and `title` beside them only make generators invent second names.
  for (const schema of Object.values(schemas)) for (const name of ['$id', 'title']) Reflect.deleteProperty(schema, name)
  document.components.schemas = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)))
  return document
}

function completeOperation(entry: DocumentOperation, operation: Operation): void {
  const { success, example, ifMatch } = operation
  if (ifMatch) {
    entry.parameters = [
      ...(entry.parameters ?? []),
      {
        name: 'If-Match',
        in: 'header',
        required: true,
        description: 'The ETag of the resource as you read it: its `version` in double quotes.',
        schema: { type: 'string', pattern: '^"[1-9][0-9]{0,9}"$', maxLength: 12 },
        example: '"3"',
      },
    ]
  }
  if (!isRead(operation)) entry.parameters = [...(entry.parameters ?? []), ...changeHeaders(operation)]
  for (const parameter of entry.parameters ?? []) {
    const value = example?.params?.[parameter.name] ?? (example?.query as Record<string, unknown>)?.[parameter.name]
    if (value !== undefined) parameter.example = value
  }
  const body = entry.requestBody?.content['application/json']
  if (body && example?.body !== undefined) body.example = example.body

  const done = entry.responses[success.status]
  if (done) {
    done.headers = successHeaders(operation)
    const media = done.content?.['application/json']
    if (media) media.example = success.example
    const other = success.also && done.content?.[success.also.type]
    if (other) other.example = success.also?.example
    // A response without a body still has a schema to @fastify/swagger.
    if (!success.schema) delete done.content
  }
  completeWaiting(entry, operation)
  for (const code of errorCodes(operation)) addFailure(entry, code)
  for (const [status, response] of Object.entries(entry.responses)) {
    // Other failures of a known caller have them too; what matters is said where it is needed.
    if (Number(status) < 300 || status === '429') response.headers = { ...response.headers, ...HEADERS.limits }
  }
}

const dryRunExample = ({ operationId, cost, risk, success }: Operation) => ({
  dryRun: true,
  operationId,
  cost,
  risk,
  approval: { needed: false, reasons: [] },
  effect: { before: null, after: success.example ?? null },
})

/** The two answers of a change that change nothing. */
function completeWaiting({ responses }: DocumentOperation, operation: Operation): void {
  const waiting = responses['202']
  const media = waiting?.content?.['application/json']
  if (waiting && media && media.example === undefined) {
    waiting.headers = { ...HEADERS.always, ...HEADERS.location, ...HEADERS.retry }
    media.example = approvalExample
  }
  const tried = responses['200']
  const dryRun = tried?.content?.[DRY_RUN_TYPE]
  if (tried && dryRun) {
    tried.headers = { ...HEADERS.always, ...tried.headers }
    dryRun.example = dryRunExample(operation)
  }
}

/** What a change takes beside its own parameters. */
const changeHeaders = ({ method }: Operation) => [
  {
    name: 'Idempotency-Key',
    in: 'header',
    required: method === 'POST',
    description:
      'A random text of yours that stands for this one request. Repeated with the same key, the request is not carried out again and gets the same answer.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{16,128}$', maxLength: 128 },
    example: '2f1c8b1e-9a57-4c0e-8d0b-5f5a4c1f6b7d',
  },
  {
    name: 'Approval-Id',
    in: 'header',
    required: false,
    description: 'The approval of exactly this request, once a person has consented.',
    schema: { type: 'string', format: 'uuid', maxLength: 36 },
  },
]

function addFailure(entry: DocumentOperation, code: ErrorCode): void {
  const response = entry.responses[STATUS[code]]
  const media = response?.content?.['application/problem+json']
  if (!response || !media) return
  const first = media.examples === undefined
  response.description = `${first ? '' : `${response.description} `}\`${code}\`: ${ERRORS[code].title}.`
  response.headers = {
    ...HEADERS.always,
    ...(ERRORS[code].retryable && HEADERS.retry),
    ...(STATUS[code] === 401 && HEADERS.challenge),
    ...response.headers,
  }
  media.examples = { ...media.examples, [code]: { $ref: `#/components/examples/${code}` } }
}

const toExample = (code: ErrorCode): Example => ({
  summary: `${ERRORS[code].title}.`,
  value: problem(exampleOf(code), EXAMPLE_REQUEST_ID, EXAMPLE_TIME),
})

function exampleOf(code: ErrorCode): CodedError {
  if (code === 'quota-exceeded') return new QuotaExceeded(['principal'], 17)
  return code === 'scope-missing' ? scopeMissing(['order:read']) : new CodedError(code)
}
