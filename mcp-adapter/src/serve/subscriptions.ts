import type { IncomingMessage, ServerResponse } from 'node:http'
import { isObject } from '../json.ts'
import { createSdkExchange } from './exchange.ts'
import { refuseMessage } from './refusals.ts'
import type { Services, Session } from './server.ts'

/** Streams on which clients of 2026-07-28 are told that the list of tools is another one. */
export interface Subscriptions {
  /** Answers a `subscriptions/listen` with a stream that stays open until its client or `close` ends it. */
  serve(request: IncomingMessage, response: ServerResponse, message: unknown, session: Session): Promise<void>
  /** Tells all of them. Which tools, each client learns from its own list. */
  announce(): void
  /** Ends all of them, each with its result. */
  close(): Promise<void>
}

/** So many streams may be open, and so many of them for one caller: nobody can take them all. */
const MOST = 1024
const MOST_OF_ONE = 16

/** Whether a message opens such a stream. */
export const isListen = (message: unknown) => isObject(message) && message.method === 'subscriptions/listen'

/**
 * Subscriptions over HTTP. They have a handler of the SDK's to themselves: they do not count as requests that are being
 * answered, and end at once when the adapter stops, while calls are given time.
 */
export function createSubscriptions(services: Services): Subscriptions {
  const exchange = createSdkExchange(services, MOST)
  const counts = new Map<string, number>()

  /** Counts a stream of a caller until it ends; false when the caller has too many. */
  function admit({ owner }: Session['identity'], response: ServerResponse): boolean {
    const count = counts.get(owner) ?? 0
    if (count >= MOST_OF_ONE) return false
    counts.set(owner, count + 1)
    response.once('close', () => {
      const left = (counts.get(owner) ?? 1) - 1
      if (left > 0) counts.set(owner, left)
      else counts.delete(owner)
    })
    return true
  }

  return {
    async serve(request, response, message, session) {
      if (!admit(session.identity, response)) {
        const id =
          isObject(message) && (typeof message.id === 'string' || typeof message.id === 'number') ? message.id : null
        return refuseMessage(response, -32603, `Subscription limit reached: ${MOST_OF_ONE} of one caller`, id)
      }
      await exchange.serve(request, response, message, session)
    },
    announce: exchange.announce,
    close: exchange.close,
  }
}
