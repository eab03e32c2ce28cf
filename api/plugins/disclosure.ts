import type { FastifyRequest } from 'fastify'
import { record } from '../../src/audit/trail.ts'
import type { Call } from '../../src/domain/call.ts'
import { clearTo, isPerson } from '../../src/domain/personal-data.ts'
import { NEW } from '../../src/domain/resources.ts'
import type { Vault } from '../../src/identity/vault.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { compileMask, type Mask, type Schema, type Viewer } from '../../src/privacy/mask.ts'
import type { Operation } from '../operation.ts'
import { entryOf } from './audit.ts'
import type { Answer } from './idempotency.ts'
import { digestOf } from './request-digest.ts'

export interface Told {
  /** What describes the value. */
  schema: Schema | undefined
  value: unknown
  status: number
  /** The id of what was made. */
  made?: string | undefined
}

/** Decides how much of an answer its caller sees. */
export interface Disclosure {
  /**
   * Masks what the caller may not see as it is. Where somebody else's personal data stays as it is, that is recorded.
   * @param sql writes the entry: in the transaction of the act, where there is one
   * @returns the value that goes out
   */
  disclose(request: FastifyRequest, sql: Call['sql'], told: Told): Promise<unknown>
  /**
   * The same for an answer that is written out already, as it is kept: whole, since rights may change, and whoever
   * repeats the request sees what they may see then.
   */
  asSeen(
    operation: Operation,
    request: FastifyRequest,
    sql: Call['sql'],
    answer: Answer,
    made?: string,
  ): Promise<Answer>
}

const DIGITS = 10

export function createDisclosure({ policy, vault }: { policy: Policy; vault: Vault }): Disclosure {
  const masks = new Map<Schema, Mask | undefined>()

  function maskOf({ server }: FastifyRequest, schema: Schema | undefined): Mask | undefined {
    if (!schema) return undefined
    if (!masks.has(schema))
      masks.set(
        schema,
        compileMask(schema, (id) => server.getSchema(id) as Schema),
      )
    return masks.get(schema)
  }

  async function viewerOf({ call, question }: FastifyRequest): Promise<Viewer> {
    const { caller } = call as Call
    const clear = await clearTo(policy, caller)
    const resource = question?.resource
    // Of one account more is known than that it is somebody's: policy hears it.
    const user = resource?.type === 'User' && resource.id !== NEW ? resource : undefined
    const allowed = user && (await policy.check(caller, 'user:unmask', user)).allow
    return {
      sees(ownerId) {
        if (isPerson(caller) && ownerId === caller.userId) return 'own'
        const mayUnmask = ownerId === user?.id ? allowed : clear && (clear.all || clear.ownerId === ownerId)
        return mayUnmask ? 'clear' : 'masked'
      },
      digest: (text) => Buffer.from(vault.digest('mask', text)).toString('hex').slice(0, DIGITS),
    }
  }

  const disclose: Disclosure['disclose'] = async (request, sql, { schema, value, status, made }) => {
    const mask = maskOf(request, schema)
    if (!mask) return value
    const seen = mask(value, await viewerOf(request), ownerOf(request))
    if (seen.unmasked) {
      const digest = digestOf(request, vault)
      const entry = entryOf(request, policy, { outcome: 'unmasked', status, digest, made })
      await record(sql, { ...entry, action: 'user:unmask' })
    }
    return seen.value
  }

  return {
    disclose,
    async asSeen({ success }, request, sql, answer, made) {
      const { schema, status } = success
      if (answer.status !== status || !maskOf(request, schema)) return answer
      const value = JSON.parse(answer.body)
      const seen = await disclose(request, sql, { schema, value, status, made })
      return seen === value ? answer : { ...answer, body: JSON.stringify(seen) }
    },
  }
}

/** Whose data the answer holds where it does not say so itself. An approval's is not that of the one who asked for it. */
function ownerOf({ question }: FastifyRequest): string {
  const resource = question?.resource
  return resource && 'ownerId' in resource && resource.type !== 'Approval' ? resource.ownerId : ''
}
