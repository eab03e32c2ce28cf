import type { FastifyRequest } from 'fastify'
import { type Entry, type Outcome, record } from '../../src/audit/trail.ts'
import type { CodedError } from '../../src/domain/errors.ts'
import { NEW } from '../../src/domain/resources.ts'
import type { Vault } from '../../src/identity/vault.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { redact } from '../../src/privacy/redact.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { isRead } from '../operation.ts'
import { STATUS } from './errors.ts'
import { digestOf } from './request-digest.ts'

/** What an adapter says it calls for. */
const TOOL = /^[A-Za-z0-9_-]{1,64}$/
const isToolName = (text: string) => TOOL.test(text) && redact(text).found.length === 0

interface Told {
  outcome: Outcome
  status: number
  code?: string
  digest?: Uint8Array | undefined
  approvalId?: string | undefined
  addressDigest?: string | undefined
  /** The id of what was made. */
  made?: string | undefined
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** The line of the trail for a request, as far as it got. */
export function entryOf(request: FastifyRequest, policy: Policy, told: Told): Entry {
  const { operation } = request.routeOptions.config
  const { caller, now, requestId, traceId } = request.call ?? {}
  const resource = request.question?.resource
  const id = resource && 'id' in resource ? resource.id : undefined
  const tool = request.headers['handrail-tool']
  return {
    at: now ?? new Date(),
    outcome: told.outcome,
    code: told.code,
    status: told.status,
    operationId: operation?.operationId,
    action: operation?.action,
    tool: typeof tool === 'string' && isToolName(tool) ? tool : undefined,
    userId: caller?.userId,
    agentId: caller?.agentId,
    credentialId: caller?.credentialId,
    resourceType: resource?.type,
    resourceId: id === NEW ? told.made : id,
    parametersDigest: told.digest && hex(told.digest),
    // The rules may have been replaced since they decided.
    policyHash: request.policyHash ?? policy.hash,
    approvalId: told.approvalId ?? (told.outcome === 'denied' ? request.approvalId : undefined),
    requestId: requestId ?? request.id,
    traceId,
    addressDigest: told.addressDigest,
  }
}

/** Records what was refused; everything that was done is recorded by the unit of work, in its own transaction. */
export type RecordRefusal = (request: FastifyRequest, error: CodedError) => Promise<void>

export function createRefusalRecorder(storage: Storage, policy: Policy, vault: Vault): RecordRefusal {
  return async (request, error) => {
    const outcome = outcomeOf(request, error)
    if (!outcome) return
    const unknown = outcome === 'unauthenticated'
    const entry = entryOf(request, policy, {
      outcome,
      code: error.code,
      status: STATUS[error.code],
      ...(!unknown && { digest: digestOf(request, vault) }),
      // Who it was is not known; where it came from tells one guesser from many.
      ...(unknown && { addressDigest: hex(vault.digest('address', request.ip ?? '')) }),
    })
    try {
      await record(storage.sql, entry)
    } catch (failure) {
      // The refusal stands all the same: nothing was done.
      request.log.error({ err: failure, code: error.code }, 'a refusal could not be recorded')
    }
  }
}

/** @returns undefined for what says nothing about anybody's rights: malformed requests, overload */
function outcomeOf(request: FastifyRequest, error: CodedError): Outcome | undefined {
  const { operation } = request.routeOptions.config
  if (!operation) return undefined
  const status = STATUS[error.code]
  if (status === 401) return 'unauthenticated'
  if (status === 403 || error.hides) return 'denied'
  if (isRead(operation)) return undefined
  return [404, 409, 412, 422].includes(status) && error.code !== 'request-in-flight' ? 'failed' : undefined
}
