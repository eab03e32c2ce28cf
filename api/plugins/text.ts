import type { FastifyInstance } from 'fastify'
import { invalid } from '../../src/domain/errors.ts'
import { findUnstorable } from '../../src/privacy/text.ts'

/** Runs after validation, where depth and sizes are bounded by the operation's schema. */
export function registerTextRules(app: FastifyInstance): void {
  app.addHook('preHandler', async ({ body, query, params }) => {
    const found = findUnstorable(body, '/body') ?? findUnstorable(query, '/query') ?? findUnstorable(params, '/path')
    if (found !== undefined) throw invalid(found, 'text', 'must not hold U+0000 or half of a surrogate pair')
  })
}
