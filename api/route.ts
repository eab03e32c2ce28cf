import type { TSchema } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { ErrorCode } from '../src/domain/errors.ts'
import type { Storage } from '../src/storage/storage.ts'
import { isRead, type Operation } from './operation.ts'
import { input } from './plugins/authorize.ts'
import { STATUS } from './plugins/errors.ts'
import { toTag } from './plugins/preconditions.ts'
import { closed, Problem, ref } from './v1/schemas.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation
  }
}

/** Makes the Fastify route of an operation. Changes run in one transaction. */
export function toRoute(operation: Operation, storage: Storage): RouteOptions {
  return {
    method: operation.method,
    url: operation.path,
    config: { operation },
    schema: {
      ...(operation.params && { params: operation.params }),
      // An operation without a query refuses one, like any other unknown field.
      querystring: operation.query ?? closed({}),
      ...(operation.body && { body: ref(operation.body) }),
      response: responses(operation),
    },
    handler: (request, reply) => answer(operation, storage, request, reply),
  }
}

async function answer(operation: Operation, storage: Storage, request: FastifyRequest, reply: FastifyReply) {
  const { call, version, visible } = request
  if (!call) throw new Error('no operation runs without a caller')
  const run = (db: typeof call.db) => operation.handler({ ...call, db }, { ...input(request), version, visible })
  const result = isRead(operation) ? await run(storage.db) : await storage.transaction(run)
  const { status, location } = operation.success
  reply.code(status)
  if (location) reply.header('location', location(result))
  if (typeof result?.version === 'number') reply.header('etag', toTag(result.version))
  return reply.send(result)
}

/** What every operation can answer, whatever it does. */
const ALWAYS: ErrorCode[] = ['validation-failed', 'unauthenticated', 'account-not-active', 'forbidden', 'scope-missing']
const WITH_BODY: ErrorCode[] = ['malformed-json', 'body-too-large', 'unsupported-media-type']
const WITH_IF_MATCH: ErrorCode[] = ['precondition-required', 'precondition-failed']
const AT_ANY_TIME: ErrorCode[] = ['quota-exceeded', 'internal', 'unavailable']

/** All the codes that an operation can answer. */
export function errorCodes(operation: Operation): ErrorCode[] {
  return [
    ...ALWAYS,
    ...(operation.body ? WITH_BODY : []),
    ...(operation.ifMatch ? WITH_IF_MATCH : []),
    ...(operation.errors ?? []),
    ...AT_ANY_TIME,
  ]
}

function responses(operation: Operation): Record<number, unknown> {
  const { status, description, schema } = operation.success
  const content = (type: string, of: TSchema) => ({ [type]: { schema: ref(of) } })
  const failures = errorCodes(operation).map((code) => [
    STATUS[code],
    { description: 'A problem.', content: content('application/problem+json', Problem) },
  ])
  return {
    [status]: schema ? { description, content: content('application/json', schema) } : { description, type: 'null' },
    ...Object.fromEntries(failures),
  }
}
