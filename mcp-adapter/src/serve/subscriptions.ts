import type { IncomingMessage, ServerResponse } from 'node:http'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server'
import { kindOf } from '../errors.ts'
import { isObject } from '../json.ts'
import { withoutQuotedHeaders } from './echo.ts'
import { MAX_BODY_BYTES } from './guard.ts'
import { refuseMessage } from './refusals.ts'
import { createServer, type Services, type Session } from './server.ts'

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
  const onerror = (error: Error) => services.log.warn(kindOf(error), 'MCP subscription')
  const handler = createMcpHandler(
    (context) => createServer(services, context.authInfo?.extra?.session as Session, context.era),
    { onerror, maxRequestBodySize: MAX_BODY_BYTES, maxSubscriptions: MOST },
  )
  const answering: typeof handler.fetch = async (...asked) => withoutQuotedHeaders(await handler.fetch(...asked))
  const exchange = toNodeHandler({ fetch: answering }, { onerror, maxRequestBodySize: MAX_BODY_BYTES })
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
      const auth: AuthInfo = { token: 'withheld', clientId: 'caller', scopes: [], extra: { session } }
      await exchange(Object.assign(request, { auth }) as NodeIncomingMessageLike, response, message)
    },
    announce: () => handler.notify.toolsChanged(),
    close: () => handler.close(),
  }
}
