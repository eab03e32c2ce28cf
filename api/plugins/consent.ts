import type { FastifyRequest } from 'fastify'
import { ALL_ACTIONS } from '../../src/domain/actions.ts'
import { findApproval, findForRequest, statusOf, useApproval } from '../../src/domain/approvals.ts'
import type { Call } from '../../src/domain/call.ts'
import { CodedError } from '../../src/domain/errors.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Approval } from '../../src/storage/generated/client.ts'
import type { Operation } from '../operation.ts'
import { input } from './authorize.ts'
import type { Claim, Key } from './idempotency.ts'

/** `ask`: somebody has to be asked. `waits`: somebody was, and has not consented yet. Undefined: nobody has to be. */
export type Consent = { approval: Approval; waits: boolean } | 'ask' | undefined

/** What policy says inside of the effect's transaction, and what people said. */
export function createConsent(policy: Policy) {
  /** What policy was told may have changed since: here it stays as it is until the transaction ends. */
  async function askAgain(operation: Operation, request: FastifyRequest, call: Call): Promise<void> {
    if (!operation.facts) return
    const { resource, context: before } = request.question
    const context = { ...before, ...(await operation.facts(call, input(request), true)) }
    const { allow, code, policies, hash } = await policy.check(call.caller, operation.action, resource, context)
    request.policyHash = hash
    const needed = code === 'approval-required'
    if (!allow && !needed) throw new CodedError(code ?? 'forbidden')
    request.question = { resource, context, consent: needed, reasons: needed ? policies : [] }
  }

  /** Whoever consented must still be one who may do it themselves, to the thing as it is now. */
  async function stillStands(
    { action }: Operation,
    { question }: FastifyRequest,
    { db }: Call,
    { decidedBy }: Approval,
  ) {
    const person = decidedBy ? await db.user.findUnique({ where: { id: decidedBy } }) : null
    if (person) {
      const { id: userId, role, status } = person
      const caller = { userId, role, status, scopes: [ALL_ACTIONS], credentialId: '', issuedBy: userId }
      const decision = await policy.check(caller, action, question.resource, { ...question.context, approved: true })
      if (decision.allow) return
    }
    throw new CodedError('approval-invalid', 'Whoever consented may not do so any more.')
  }

  /** Whether a person consented, and if not, whether somebody has to be asked. The approval is used up here. */
  async function consent(
    operation: Operation,
    request: FastifyRequest,
    call: Call,
    digest: Key['digest'],
    found: Claim,
  ): Promise<Consent> {
    const { question, approvalId } = request
    if (approvalId !== undefined) {
      const approval = await findForRequest(call, approvalId, digest)
      if (await useApproval(call, approval)) return { approval, waits: true }
      // Rights may have changed since; what throws here leaves the approval unused.
      const { allow, code, hash } = await policy.check(call.caller, operation.action, question.resource, {
        ...question.context,
        approved: true,
      })
      request.policyHash = hash
      if (!allow) throw new CodedError(code ?? 'forbidden')
      await stillStands(operation, request, call, approval)
      return { approval, waits: false }
    }
    // What was asked for is decided on, even if it would not have to be by now.
    if (!found.approvalId) return question.consent ? 'ask' : undefined
    const approval = await findApproval(call.db, found.approvalId)
    const status = statusOf(approval, call.now)
    if (status === 'pending' || status === 'approved') return { approval, waits: true }
    throw new CodedError(status === 'expired' ? 'approval-expired' : 'approval-denied')
  }

  return { askAgain, consent }
}
