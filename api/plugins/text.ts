import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid } from '../../src/domain/errors.ts'
import { findUnstorable } from '../../src/privacy/text.ts'
import type { Operation } from '../operation.ts'
import { type Clean, cleanerOf, type Schema } from './free-text.ts'

type Cleaners = Record<'body' | 'query', Clean | undefined>

/**
 * Free text is cleaned before it is validated, so that lengths count what is kept and everybody after (policy, digest,
 * handler) sees the same. What cannot be stored is refused after validation, where depth and sizes are bounded by the
 * operation's schema.
 */
export function registerTextRules(app: FastifyInstance): void {
  const known = new WeakMap<Operation, Cleaners>()
  app.addHook('preValidation', async (request) => {
    const { operation } = request.routeOptions.config
    if (!operation) return
    const cleaners = known.get(operation) ?? cleanersOf(operation, request.server)
    known.set(operation, cleaners)
    cleanPart(request, 'body', cleaners.body)
    cleanPart(request, 'query', cleaners.query)
  })
  app.addHook('preHandler', async ({ body, query, params }) => {
    const found = findUnstorable(body, '/body') ?? findUnstorable(query, '/query') ?? findUnstorable(params, '/path')
    if (found !== undefined) throw invalid(found, 'text', 'must not hold U+0000 or half of a surrogate pair')
  })
}

function cleanPart(request: FastifyRequest, part: 'body' | 'query', clean: Clean | undefined): void {
  if (clean) request[part] = clean(request[part])
}

function cleanersOf({ body, query }: Operation, app: FastifyInstance): Cleaners {
  const resolve = (ref: string) => {
    const schema = app.getSchema(ref.replace(/#$/, ''))
    if (!schema) throw new Error(`There is no schema ${ref}, so its free text cannot be found.`)
    return schema as Schema
  }
  return { body: body && cleanerOf(body, resolve), query: query && cleanerOf(query, resolve) }
}
