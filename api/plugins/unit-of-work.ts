import type { FastifyReply, FastifyRequest } from 'fastify'
import { record } from '../../src/audit/trail.ts'
import { concealed, presentApproval, requestApproval } from '../../src/domain/approvals.ts'
import type { Call } from '../../src/domain/call.ts'
import { CodedError, ERRORS } from '../../src/domain/errors.ts'
import { mayRead, NEW } from '../../src/domain/resources.ts'
import type { Vault } from '../../src/identity/vault.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Approval } from '../../src/storage/generated/client.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { writeOutbox } from '../../src/work/outbox.ts'
import type { Queue } from '../../src/work/queue.ts'
import type { Operation } from '../operation.ts'
import { entryOf } from './audit.ts'
import { input } from './authorize.ts'
import { createConsent } from './consent.ts'
import type { Disclosure } from './disclosure.ts'
import { problem, STATUS } from './errors.ts'
import { type Answer, callerOf, claim, type Key, keep, keyOf, Overtaken } from './idempotency.ts'
import { toTag } from './preconditions.ts'
import type { Admit } from './quota.ts'
import { digestOf } from './request-digest.ts'
import { act, inside, tryOut } from './try-out.ts'

export interface Work {
  storage: Storage
  policy: Policy
  vault: Vault
  queue: Queue
  /** How long an answer is kept for whoever repeats the request, in milliseconds. */
  keepAnswersMs: number
  /** Counts what a caller has carried out. */
  admit: Admit
  disclosure: Disclosure
}

export const DRY_RUN_TYPE = 'application/vnd.handrail.dry-run+json'
/** When to look again at an approval that a person has to decide on, in seconds. */
const LOOK_AGAIN_SECONDS = 30
const MOST_TURNS = 5
/** What the two answers of a change that change nothing look like. */
const APPROVAL = { $ref: 'Approval#' }
const DRY_RUN = { $ref: 'DryRun#' }

/** What became of a request: it was done now or before, or it waits for a person. */
type Result =
  | { kind: 'done' | 'replayed'; answer: Answer; jobs: Call['jobs'] }
  | { kind: 'waiting'; approval: Approval }
  | { kind: 'ask'; key: Key | undefined }

/**
 * Runs the operations that change something. The effect, its audit entry, the answer for whoever repeats the request
 * and what leaves through the outbox commit in one transaction, or none of them. Handlers do not know.
 */
export function createUnitOfWork(work: Work) {
  const { storage, policy, vault, queue, keepAnswersMs, admit, disclosure } = work
  /** What this process is carrying out; the database knows of other processes. */
  const inFlight = new Set<string>()
  const consents = createConsent(policy)

  async function run(operation: Operation, request: FastifyRequest, reply: FastifyReply) {
    const { dryRun } = request.query as { dryRun?: boolean }
    if (dryRun) return preview(operation, request, reply)
    const digest = digestOf(request, vault)
    const key = keyOf(operation, request)
    const call = request.call as Call
    const of = key === undefined ? undefined : { caller: callerOf(call.caller), key, digest, now: call.now }
    const result = await exclusively(of, () => inTurns(() => once(operation, request, reply, digest, of)))
    return give(operation, request, reply, result, digest)
  }

  async function exclusively<T>(of: Key | undefined, act: () => Promise<T>): Promise<T> {
    if (!of) return act()
    const name = `${of.caller} ${of.key}`
    if (inFlight.has(name)) throw new CodedError('request-in-flight')
    inFlight.add(name)
    try {
      return await act()
    } finally {
      inFlight.delete(name)
    }
  }

  /** Two transactions may stand in each other's way; one of them is undone whole and has another turn. */
  async function inTurns<T>(act: () => Promise<T>): Promise<T> {
    for (let turn = 1; ; turn++) {
      try {
        return await act()
      } catch (error) {
        if (turn === MOST_TURNS || !deservesAnotherTurn(error, turn)) throw error
      }
    }
  }

  async function once(
    operation: Operation,
    request: FastifyRequest,
    reply: FastifyReply,
    digest: Key['digest'],
    of: Key | undefined,
  ): Promise<Result> {
    try {
      return await storage.transaction(async (db, sql) => {
        const call = inside(request, db, sql)
        const seen = (answer: Answer, id?: string) =>
          disclosure.asSeen(operation, request, sql, answer, idIn(answer.location) ?? id)
        const found = of ? await claim(sql, of, vault) : {}
        if (found.answer) {
          const { status, location } = found.answer
          await record(sql, entryOf(request, policy, { outcome: 'replayed', status, digest, made: idIn(location) }))
          return { kind: 'replayed', answer: await seen(found.answer), jobs: [] }
        }
        await consents.askAgain(operation, request, call)
        const approval = await consents.consent(operation, request, call, digest, found)
        if (approval !== 'ask' && approval?.waits) return { kind: 'waiting', approval: approval.approval }
        await admit(operation, request, reply)
        if (approval === 'ask') return { kind: 'ask', key: of }
        const result = await act(operation, request, call)
        const answer = toAnswer(operation, reply, result)
        if (of) await keep(sql, of, { answer, subject: subjectOf(request, result) }, vault, keepAnswersMs)
        const { status, location } = answer
        const approvalId = approval?.approval.id
        await record(
          sql,
          entryOf(request, policy, { outcome: 'done', status, digest, approvalId, made: idIn(location) ?? result?.id }),
        )
        await writeOutbox(call, queue)
        return { kind: 'done', answer: await seen(answer, result?.id), jobs: call.jobs }
      })
    } catch (error) {
      // An approval that could not be used now may be used yet, with the same key.
      if (of && !request.approvalId && isDeterministic(error)) await keepRefusal(request, of, error)
      throw error
    }
  }

  /** The same wrong request gets the same answer, even if it would be right by now: a key stands for one answer. */
  async function keepRefusal(request: FastifyRequest, of: Key, error: CodedError): Promise<void> {
    const body = JSON.stringify(problem(error, request.id, of.now))
    const answer = { status: STATUS[error.code], location: null, etag: null, body }
    await storage.transaction(async (_db, sql) => {
      await claim(sql, of, vault)
      await keep(sql, of, { answer }, vault, keepAnswersMs)
    })
  }

  async function give(
    operation: Operation,
    request: FastifyRequest,
    reply: FastifyReply,
    result: Result,
    digest: Key['digest'],
  ) {
    if (result.kind === 'ask') return wait(reply, await ask(operation, request, digest, result.key), request)
    if (result.kind === 'waiting') return wait(reply, result.approval, request)
    queue.wake(result.jobs)
    const { status, location, etag, body } = result.answer
    if (result.kind === 'replayed') reply.header('idempotent-replayed', 'true')
    if (location !== null) reply.header('location', location)
    if (etag !== null) reply.header('etag', etag)
    const { success } = operation
    const seconds = status === success.status ? success.retryAfter?.(JSON.parse(body)) : undefined
    if (seconds !== undefined) reply.header('retry-after', seconds)
    reply.code(status)
    if (body === '') return reply.send()
    return send(reply, body, status < 400 ? 'application/json' : 'application/problem+json')
  }

  /** Asks a person: what would change is found out by doing it and undoing it. */
  async function ask(operation: Operation, request: FastifyRequest, digest: Key['digest'], of: Key | undefined) {
    const effect = await tryOut(storage, operation, request)
    const { resource, context, reasons } = request.question
    const { params, query, body } = input(request)
    return storage.transaction(async (db, sql) => {
      const call = inside(request, db, sql)
      const approval = await requestApproval(call, {
        operationId: operation.operationId,
        action: operation.action,
        risk: operation.risk,
        reasons,
        resource,
        digest,
        request: { path: params ?? {}, query: query ?? {}, body: body ?? null },
        effect,
        facts: context,
      })
      if (of) await keep(sql, of, { approvalId: approval.id }, vault, approval.expiresAt.getTime() - of.now.getTime())
      await record(
        sql,
        entryOf(request, policy, { outcome: 'approval-requested', status: 202, digest, approvalId: approval.id }),
      )
      return approval
    })
  }

  async function wait(reply: FastifyReply, approval: Approval, request: FastifyRequest) {
    reply.code(202).header('location', `/api/v1/approvals/${approval.id}`).header('retry-after', LOOK_AGAIN_SECONDS)
    const { caller, now } = request.call as Call
    const whole = presentApproval(approval, now)
    const value = (await mayRead(policy, caller, request.question.resource)) ? whole : concealed(whole)
    return reply.send(await disclosure.disclose(request, storage.sql, { schema: APPROVAL, value, status: 202 }))
  }

  async function preview(operation: Operation, request: FastifyRequest, reply: FastifyReply) {
    const tried = await tryOut(storage, operation, request)
    const digest = digestOf(request, vault)
    const { consent: needed, reasons } = request.question
    await storage.transaction((_db, sql) =>
      record(sql, entryOf(request, policy, { outcome: 'dry-run', status: 200, digest })),
    )
    const { operationId, cost, risk } = operation
    const readable = await mayRead(policy, (request.call as Call).caller, request.question.resource)
    const effect = readable ? tried : { before: null, after: null }
    const value = { dryRun: true, operationId, cost, risk, approval: { needed, reasons }, effect }
    const body = await disclosure.disclose(request, storage.sql, { schema: DRY_RUN, value, status: 200 })
    return send(reply.code(200), JSON.stringify(body), DRY_RUN_TYPE)
  }

  return run
}

/** Whose data an answer may hold. */
function subjectOf({ question }: FastifyRequest, result: { id?: string } | undefined): string | undefined {
  const { resource } = question
  if (!('ownerId' in resource)) return undefined
  return resource.ownerId === NEW ? result?.id : resource.ownerId
}

/** The answer in the very bytes that go out, so that a repeated request gets the same ones. */
function toAnswer(operation: Operation, reply: FastifyReply, result: unknown): Answer {
  const { status, location, schema } = operation.success
  const version = (result as { version?: unknown } | undefined)?.version
  const serialize = schema && reply.getSerializationFunction(String(status), 'application/json')
  return {
    status,
    location: location ? location(result as never) : null,
    etag: typeof version === 'number' ? toTag(version) : null,
    body: serialize ? serialize(result as Record<string, unknown>) : '',
  }
}

/** What was made is found at its location, whose last part is its id. */
const idIn = (location: string | null) =>
  location === null ? undefined : decodeURIComponent(location.split('/').at(-1) as string)

const send = (reply: FastifyReply, body: string, type: string) =>
  reply
    .type(type)
    .serializer((text: string) => text)
    .send(body)

/** Refusals that say something of the request and the state of things, not of the moment or the caller. */
function isDeterministic(error: unknown): error is CodedError {
  if (!(error instanceof CodedError) || ERRORS[error.code].retryable) return false
  return [409, 422].includes(STATUS[error.code]) && error.code !== 'idempotency-key-reused'
}

const TURNS = new Set(['40001', '40P01'])

function deservesAnotherTurn(error: unknown, turn: number): boolean {
  if (error instanceof Overtaken) return true
  // Used up by the same request a moment ago, perhaps: then its answer is there now.
  if (error instanceof CodedError) return error.code === 'approval-used' && turn === 1
  const { code } = error as { code?: string }
  return code === 'P2034' || (code !== undefined && TURNS.has(code))
}
