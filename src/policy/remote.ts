import { randomUUID } from 'node:crypto'
import type { Caller } from '../domain/call.ts'
import { CodedError } from '../domain/errors.ts'
import { service } from '../domain/resources.ts'
import { policyOf, SOMEBODY } from './asking.ts'
import { fromAnswer, fromAnswers, MalformedAnswer, MOST_EVALUATIONS, toEvaluation } from './authzen.ts'
import type { Decision, Policy, PolicyHealth, Question } from './policy.ts'

export interface RemoteOptions {
  /** Of the decision point, without the paths that AuthZEN gives. */
  url: string
  /** Sent as a bearer token. */
  token?: string | undefined
  /** How long a decision may take, the connection included. */
  timeoutMs?: number
  /** Told when the decision point stops answering (with the reason), and when it answers again (without). */
  report: (failure: string | undefined) => void
}

const TIMEOUT_MS = 100
const MOST_BYTES = 256 * 1024
/** For how long the health that was found is told again. */
const HEALTH_MS = 1000
/** The other side closed a connection that was kept open, while the question was on its way. */
const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/**
 * A decision point elsewhere, asked over AuthZEN 1.0. Nothing it says is remembered: what it takes back is gone with
 * the next question. Whatever is not a well-formed answer in time is no answer, and without one nothing is allowed.
 */
export function createRemotePolicy({ url, token, timeoutMs = TIMEOUT_MS, report }: RemoteOptions): Policy {
  const base = url.replace(/\/+$/, '')
  const named = (version: string | undefined) => `${base}#${version ?? 'unversioned'}`
  let version: string | undefined
  let failing = false
  let found: { at: number; health: Promise<PolicyHealth> } | undefined

  async function ask(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    const response = await fetch(`${base}/access/v1/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'x-request-id': randomUUID(),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      // It would carry the token and the question elsewhere.
      redirect: 'manual',
      signal,
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new MalformedAnswer(`it answers with status ${response.status}`)
    }
    return JSON.parse(await textOf(response))
  }

  /** A question changes nothing, so it may be asked again on a fresh connection, within the same time. */
  async function askTwice(path: string, body: object, signal: AbortSignal): Promise<unknown> {
    try {
      return await ask(path, body, signal)
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string }
      if (code === undefined || !CLOSED.has(code)) throw error
      return ask(path, body, signal)
    }
  }

  async function decideSome(questions: Question[], signal: AbortSignal): Promise<Decision[]> {
    const [first, ...more] = questions.map(toEvaluation)
    if (first && more.length === 0) return [fromAnswer(await askTwice('evaluation', first, signal))]
    return fromAnswers(await askTwice('evaluations', { evaluations: [first, ...more] }, signal), questions.length)
  }

  async function decide(questions: Question[]): Promise<Decision[]> {
    const signal = AbortSignal.timeout(timeoutMs)
    const parts = Array.from({ length: Math.ceil(questions.length / MOST_EVALUATIONS) }, (_, part) =>
      questions.slice(part * MOST_EVALUATIONS, (part + 1) * MOST_EVALUATIONS),
    )
    try {
      const decisions = (await Promise.all(parts.map((part) => decideSome(part, signal)))).flat()
      version = decisions.at(-1)?.hash
      if (failing) report(undefined)
      failing = false
      return decisions.map((decision) => ({ ...decision, hash: named(decision.hash) }))
    } catch (error) {
      if (!failing) report(reasonOf(error, timeoutMs))
      failing = true
      throw new CodedError('unavailable', 'The policy decision point does not answer; nothing is allowed without it.')
    }
  }

  async function look(): Promise<PolicyHealth> {
    const caller: Caller = {
      userId: SOMEBODY,
      role: 'customer',
      status: 'active',
      scopes: [],
      credentialId: '',
      issuedBy: SOMEBODY,
    }
    return decide([{ caller, action: 'caller:read', resource: service, context: {} }]).then(
      () => ({ status: 'ok', detail: `remote, ${version ?? 'unversioned'}` }),
      () => ({ status: 'failed', detail: 'the remote decision point does not answer' }),
    )
  }

  return policyOf({
    remote: true,
    get hash() {
      return named(version)
    },
    decide,
    health() {
      const now = performance.now()
      if (!found || now - found.at > HEALTH_MS) found = { at: now, health: look() }
      return found.health
    },
  })
}

async function textOf({ headers, body }: Response): Promise<string> {
  if (!/^application\/json\b/i.test(headers.get('content-type') ?? '')) throw new MalformedAnswer('it is not JSON')
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    // Leaving the loop closes the connection.
    if (size > MOST_BYTES) throw new MalformedAnswer(`it is larger than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}

/** For the operator; it holds nothing of what was answered. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof MalformedAnswer) return error.message
  if (error instanceof SyntaxError) return 'it is not JSON'
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } }
  if (name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  return cause?.code ?? cause?.message ?? message
}
