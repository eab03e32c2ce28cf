import type { FastifyRequest } from 'fastify'
import type { Call } from '../../src/domain/call.ts'
import type { Storage } from '../../src/storage/storage.ts'
import type { Operation } from '../operation.ts'
import { input } from './authorize.ts'

/** Carries an effect out of a transaction that must not keep it. */
class Undo extends Error {
  readonly effect: { before: unknown; after: unknown }
  constructor(effect: { before: unknown; after: unknown }) {
    super('undone on purpose')
    this.effect = effect
  }
}

/** The call of a request in a transaction of its own. */
export const inside = (request: FastifyRequest, db: Call['db'], sql: Call['sql']): Call => ({
  ...(request.call as Call),
  db,
  sql,
  outbox: [],
  jobs: [],
})

export const act = (operation: Operation, request: FastifyRequest, call: Call) =>
  operation.handler(call, { ...input(request), version: request.version, visible: request.visible })

/** Does it and undoes it. @returns what it is made on, and what would become of it */
export async function tryOut(storage: Storage, operation: Operation, request: FastifyRequest) {
  try {
    return await storage.transaction(async (db, sql) => {
      const call = inside(request, db, sql)
      const before = (await operation.before?.(call, input(request))) ?? null
      const result = await act(operation, request, call)
      throw new Undo({ before, after: (operation.preview ? operation.preview(result) : result) ?? null })
    })
  } catch (error) {
    if (error instanceof Undo) return error.effect
    throw error
  }
}
