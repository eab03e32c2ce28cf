import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createRequestStateCodec, type ServerContext } from '@modelcontextprotocol/server'
import { isObject, type Json, type JsonObject } from '../json.ts'

/** What a question was asked about. */
interface Asked {
  owner: string
  tool: string
  args: JsonObject
}

/** Why a state is not taken back. */
export type Refusal = 'forged' | 'expired' | 'other-call' | 'used'

export class StateRefused extends Error {
  override name = 'StateRefused'
  constructor(readonly reason: Refusal) {
    super(reason)
  }
}

export interface ConfirmationStates {
  /** Seals what a question was asked about, and the key of the call that waits for its answer. */
  seal(asked: Asked, key: string | undefined): Promise<string>
  /** The key of the call. Throws StateRefused for any state but one of ours, for this very call, in its time. */
  open(state: string, asked: Asked, context: ServerContext): Promise<{ key?: string; nonce: string }>
  /** Uses up a state. Throws StateRefused when that was done before. */
  use(nonce: string): void
}

const LIFETIME_S = 600
/** So many states are remembered as used. Beyond it the oldest is forgotten; its key still keeps it from acting twice. */
const MOST_USED = 10_000

/** Members sorted, so that the same arguments have the same text in whatever order a client sends them. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name] as Json)}`).join(',')}}`
}

/**
 * Keeps what a question was asked about in the hands of the client, sealed (MCP 2026-07-28, multi round-trip requests,
 * server requirements): HMAC-SHA-256 by the SDK's codec, ten minutes, and bound to caller, tool and arguments by a
 * digest that tells nothing about them. `secret` is shared by replicas; without one, each process has its own.
 */
export function createConfirmationStates(secret?: string, lifetimeS = LIFETIME_S): ConfirmationStates {
  const key = secret === undefined ? randomBytes(32) : createHash('sha256').update(`handrail-mcp\0${secret}`).digest()
  const codec = createRequestStateCodec<JsonObject>({ key, ttlSeconds: lifetimeS })
  const used = new Map<string, number>()

  const digestOf = ({ owner, tool, args }: Asked) =>
    createHmac('sha256', key)
      .update(JSON.stringify([owner, tool, canonical(args)]))
      .digest()

  return {
    seal(asked, callKey) {
      const nonce = randomBytes(16).toString('base64url')
      const about = digestOf(asked).toString('base64url')
      return codec.mint({ nonce, about, ...(callKey !== undefined && { key: callKey }) })
    },
    async open(state, asked, context) {
      const sealed = await codec.verify(state, context).catch((error: unknown) => {
        throw new StateRefused(error instanceof Error && error.message === 'expired' ? 'expired' : 'forged')
      })
      const about = Buffer.from(String(sealed.about), 'base64url')
      const expected = digestOf(asked)
      if (about.length !== expected.length || !timingSafeEqual(about, expected)) throw new StateRefused('other-call')
      return { nonce: String(sealed.nonce), ...(typeof sealed.key === 'string' && { key: sealed.key }) }
    },
    use(nonce) {
      if (used.has(nonce)) throw new StateRefused('used')
      const now = Date.now()
      for (const [old, until] of used) {
        if (until > now && used.size < MOST_USED) break
        used.delete(old)
      }
      used.set(nonce, now + (lifetimeS + 1) * 1000)
    },
  }
}
