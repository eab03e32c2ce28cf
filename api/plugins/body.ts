import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { CodedError, invalid } from '../../src/domain/errors.ts'
import { isDeeper } from '../../src/limits/json-depth.ts'

/** No schema is half as deep. */
const DEEPEST = 32

/**
 * Bodies are JSON in UTF-8 (RFC 8259 section 8.1), and only operations that declare one take one. Fastify itself would
 * take plain text too, replace broken UTF-8 silently, and hand a body on to operations that know nothing of it.
 */
export function registerBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(['text/plain', 'application/json'])
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // Some clients name a type and send nothing; whether something is needed is the schema's to say.
    if (body.length === 0) return done(null)
    if (isDeeper(body, DEEPEST))
      return done(invalid('/body', 'depth', `must not be nested deeper than ${DEEPEST} levels`))
    if (!isUtf8(body)) return done(new CodedError('malformed-json', 'The body is not valid UTF-8.'))
    return parse(request, body.toString('utf8'), done)
  })
  app.addHook('preValidation', async ({ body, routeOptions }) => {
    const { operation } = routeOptions.config
    if (operation && !operation.body && body !== undefined && body !== null) {
      throw invalid('/body', 'unexpected', 'must be empty: this operation takes no body')
    }
  })
}
