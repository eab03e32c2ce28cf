import type { TSchema } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { ErrorCode } from '../src/domain/errors.ts'
import type { Storage } from '../src/storage/storage.ts'
import { isRead, type Operation } from './operation.ts'
import { input } from './plugins/authorize.ts'
import { STATUS } from './plugins/errors.ts'
import { toTag } from './plugins/preconditions.ts'
import { type createUnitOfWork, DRY_RUN_TYPE } from './plugins/unit-of-work.ts'
import { Approval, DryRun } from './v1/approvals/schemas.ts'
import { closed, dryRunQuery, Problem, ref } from './v1/schemas.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation
  }
}

export type Change = ReturnType<typeof createUnitOfWork>

/** Makes the Fastify route of an operation. @param change carries out the operations that change something */
export function toRoute(operation: Operation, storage: Storage, change: Change): RouteOptions {
  return {
    method: operation.method,
    url: operation.path,
    config: { operation },
    schema: {
      ...(operation.params && { params: operation.params }),
      querystring: isRead(operation) ? (operation.query ?? closed({})) : withDryRun(operation.query),
      ...(operation.body && { body: ref(operation.body) }),
      response: responses(operation),
    },
    handler: (request, reply) =>
      isRead(operation) ? read(operation, storage, request, reply) : change(operation, request, reply),
  }
}

/** An operation without a query refuses one, like any other unknown field. */
const withDryRun = (query: Operation['query']) => closed({ ...query?.properties, ...dryRunQuery })

async function read(operation: Operation, storage: Storage, request: FastifyRequest, reply: FastifyReply) {
  const { call, version, visible } = request
  if (!call) throw new Error('no operation runs without a caller')
  const result = await operation.handler({ ...call, db: storage.db }, { ...input(request), version, visible })
  if (typeof result?.version === 'number') reply.header('etag', toTag(result.version))
  const { status, retryAfter, also, fileName } = operation.success
  const seconds = retryAfter?.(result)
  if (seconds !== undefined) reply.header('retry-after', seconds)
  const other = also?.wanted(request.query) ? also : undefined
  if (fileName) {
    const ending = other ? other.type.split('/').at(-1) : 'json'
    reply.header('content-disposition', `attachment; filename="${fileName(result)}.${ending}"`)
  }
  reply.code(status)
  return other ? reply.type(`${other.type}; charset=utf-8`).send(other.write(result)) : reply.send(result)
}

/** What every operation can answer, whatever it does. */
const ALWAYS: ErrorCode[] = [
  'validation-failed',
  'token-in-query',
  'unauthenticated',
  'account-not-active',
  'forbidden',
  'scope-missing',
]
/** What every change can answer: it may have a key, an approval, or want one. */
const CHANGES: ErrorCode[] = [
  'request-in-flight',
  'idempotency-key-reused',
  'answer-erased',
  'approval-invalid',
  'approval-denied',
  'approval-expired',
  'approval-used',
]
const WITH_BODY: ErrorCode[] = ['malformed-json', 'body-too-large', 'unsupported-media-type']
const KEYED: ErrorCode[] = ['idempotency-key-missing']
const WITH_IF_MATCH: ErrorCode[] = ['precondition-required', 'precondition-failed']
const AT_ANY_TIME: ErrorCode[] = ['quota-exceeded', 'internal', 'unavailable']

/** All the codes that an operation can answer. */
export function errorCodes(operation: Operation): ErrorCode[] {
  return [
    ...ALWAYS,
    ...(isRead(operation) ? [] : CHANGES),
    ...(operation.method === 'POST' ? KEYED : []),
    ...(operation.body ? WITH_BODY : []),
    ...(operation.ifMatch ? WITH_IF_MATCH : []),
    ...(operation.errors ?? []),
    ...AT_ANY_TIME,
  ]
}

function responses(operation: Operation): Record<number, unknown> {
  const { status, description, schema, also } = operation.success
  const content = (type: string, of: TSchema) => ({ [type]: { schema: ref(of) } })
  const failures = errorCodes(operation).map((code) => [
    STATUS[code],
    { description: 'A problem.', content: content('application/problem+json', Problem) },
  ])
  const done = schema
    ? { description, content: { ...content('application/json', schema), ...(also && content(also.type, also.schema)) } }
    : { description, type: 'null' }
  if (isRead(operation)) return { [status]: done, ...Object.fromEntries(failures) }
  const tried = { description: 'A dry run: nothing was changed.', content: content(DRY_RUN_TYPE, DryRun) }
  const both = schema && { description, content: { ...content('application/json', schema), ...tried.content } }
  return {
    200: tried,
    [status]: status === 200 ? both : done,
    // An operation that answers 202 by itself names the approval in its own schema.
    ...(status !== 202 && {
      202: { description: 'A person has to consent first.', content: content('application/json', Approval) },
    }),
    ...Object.fromEntries(failures),
  }
}
