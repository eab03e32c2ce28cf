import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../backend/backend.ts'
import { type Cancellation, signalOf } from '../cancellation.ts'
import { atPointer, type Json, type JsonObject } from '../json.ts'
import { retryAfterSeconds } from '../results/problem.ts'
import { argumentsOf, type Poll } from '../tools/poll.ts'
import { buildRequest, type HttpRequest } from './request.ts'

/** How far something is, as MCP tells it (notifications/progress). */
export interface Progress {
  progress: number
  total?: number
  message?: string
}

/** How waiting ended. `args` are those of the operation that reads the state. */
type Waited =
  | { isDone: true; answer: Answer; args: JsonObject }
  /** The deadline came first. `answer`: the last state that was read. */
  | { isDone: false; answer?: Answer; args: JsonObject }

export interface Clock {
  /** Milliseconds that only grow. */
  now(): number
  /** Throws the reason of `signal`. */
  sleep(ms: number, signal: Cancellation): Promise<void>
  /** From 0 to 1. */
  random(): number
}

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    delay(ms, undefined, { signal: signalOf(signal) }).catch(() => {
      throw signal.reason
    }),
  random: Math.random,
}

const FIRST_MS = 500
const LONGEST_MS = 5000
/** However soon the API wants to be asked again. */
const SHORTEST_MS = 100

function jsonOf({ body }: Answer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** What the path of an operation stands below. */
function placeOf({ basePath }: { path: string; basePath?: string }, baseUrl: string): string {
  return (basePath ?? new URL(baseUrl).pathname).replace(/\/+$/, '')
}

/** The reader's arguments from a Location that leads to it; undefined for one that leads anywhere else. */
function fromLocation({ reader }: Poll, location: string): JsonObject | undefined {
  const { baseUrl } = reader.api
  if (!URL.canParse(location, baseUrl)) return undefined
  const url = new URL(location, baseUrl)
  if (url.origin !== new URL(baseUrl).origin) return undefined
  const names: string[] = []
  const template = reader.operation.path.split(/\{([^}]+)\}/).map((part, i) => {
    if (i % 2 === 0) return literal(part)
    names.push(part)
    return '([^/]+)'
  })
  const found = new RegExp(`^${literal(placeOf(reader.operation, baseUrl))}${template.join('')}$`).exec(url.pathname)
  if (!found) return undefined
  try {
    const inPath = new Map(names.map((name, i) => [name, decodeURIComponent(found[i + 1] as string)]))
    const values = reader.input.bindings.flatMap((binding) => {
      const value =
        binding.place === 'path' ? inPath.get(binding.name) : (url.searchParams.get(binding.name) ?? undefined)
      return value === undefined || (binding.place !== 'path' && binding.place !== 'query') ? [] : [{ binding, value }]
    })
    return argumentsOf(values)
  } catch {
    return undefined
  }
}

/** The reader's arguments, out of the answer that accepted the request; undefined when it does not tell them. */
export function readerArguments(poll: Poll, accepted: Answer): JsonObject | undefined {
  const { parameters, reader } = poll
  const { location } = accepted.headers
  let args: JsonObject | undefined
  if (parameters) {
    const body = jsonOf(accepted)
    const values = parameters.map(({ binding, pointer }) => ({ binding, value: atPointer(body, pointer) as Json }))
    args = values.some(({ value }) => value === undefined || value === null) ? undefined : argumentsOf(values)
  } else if (location !== undefined) args = fromLocation(poll, location)
  return args !== undefined && reader.checkArguments(args).length === 0 ? args : undefined
}

function isDone({ state, done }: Poll, answer: Answer, body: unknown): boolean {
  if (done === undefined) return answer.status !== 202
  const value = atPointer(body, state)
  return typeof value === 'string' && done.includes(value)
}

/** A plain word may be told as it is; whatever else stands there is not for a status line. */
function progressOf({ progress, total, state }: Poll, body: unknown, last: number, polls: number): Progress {
  const word = atPointer(body, state)
  const message = typeof word === 'string' && /^[\w -]{1,40}$/.test(word) ? { message: word } : {}
  if (progress === undefined) return { progress: polls, ...message }
  const value = atPointer(body, progress)
  const isNumber = typeof value === 'number' && Number.isFinite(value)
  return { progress: isNumber ? value : last, total, ...message }
}

/** An answer after which the state can still be read: the API is busy, or in trouble. */
const isPassing = ({ status }: Answer) => status === 429 || status >= 500

/**
 * Reads the state of an accepted operation until it ends, or until `until` (by the clock): after half a second at first
 * and up to five seconds later, or when the API says. Progress only grows (MCP, Progress). Throws what `send` throws,
 * and the reason of `signal`.
 */
export async function waitForEnd(
  poll: Poll,
  { accepted, args }: { accepted: Answer; args: JsonObject },
  options: {
    send: (request: HttpRequest) => Promise<Answer>
    until: number
    signal: Cancellation
    report?: ((progress: Progress) => Promise<void>) | undefined
    clock?: Clock
  },
): Promise<Waited> {
  const { send, until, signal, report, clock = systemClock } = options
  const { reader } = poll
  let heard = accepted
  let known: Answer | undefined
  let told = Number.NEGATIVE_INFINITY
  for (let polls = 1; ; polls++) {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 1.5 ** (polls - 1))
    const asked = retryAfterSeconds(heard.headers['retry-after'])
    const wait = asked === undefined ? longest * (0.5 + clock.random() / 2) : Math.max(SHORTEST_MS, asked * 1000)
    if (clock.now() + wait >= until) return { isDone: false, args, ...(known && { answer: known }) }
    await clock.sleep(wait, signal)
    heard = await send(buildRequest(reader.operation, reader.input, args))
    if (isPassing(heard)) continue
    const body = jsonOf(heard)
    if (heard.status >= 200 && heard.status < 300) {
      known = heard
      const now = progressOf(poll, body, told, polls)
      if (now.progress > told) {
        told = now.progress
        await report?.(now)
      }
      if (!isDone(poll, heard, body)) continue
    }
    return { isDone: true, answer: heard, args }
  }
}
