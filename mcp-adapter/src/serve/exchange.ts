import type { IncomingMessage, ServerResponse } from 'node:http'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server'
import { kindOf } from '../errors.ts'
import { withoutQuotedHeaders } from './echo.ts'
import { MAX_BODY_BYTES } from './guard.ts'
import { createServer, type Services, type Session } from './server.ts'

/** Messages that the SDK answers, each with a server of its own. */
interface SdkExchange {
  serve(request: IncomingMessage, response: ServerResponse, message: unknown, session: Session): Promise<void>
  /** Tells whoever subscribed that the list of tools is another one. */
  announce(): void
  /** Ends open streams, each with its result, and what is still in flight. */
  close(): Promise<void>
}

/** `maxSubscriptions`: so many streams for changes may be open at a time. */
export function createSdkExchange(services: Services, maxSubscriptions = 0): SdkExchange {
  const onerror = (error: Error) => services.log.warn(kindOf(error), 'MCP exchange')
  const handler = createMcpHandler(
    (context) => createServer(services, context.authInfo?.extra?.session as Session, context.era),
    { onerror, maxRequestBodySize: MAX_BODY_BYTES, maxSubscriptions },
  )
  const answering: typeof handler.fetch = async (...asked) => withoutQuotedHeaders(await handler.fetch(...asked))
  const exchange = toNodeHandler({ fetch: answering }, { onerror, maxRequestBodySize: MAX_BODY_BYTES })
  return {
    async serve(request, response, message, session) {
      // The session travels beside the SDK's own fields; the SDK passes it to the factory and looks no further.
      const auth: AuthInfo = { token: 'withheld', clientId: 'caller', scopes: [], extra: { session } }
      await exchange(Object.assign(request, { auth }) as NodeIncomingMessageLike, response, message)
    },
    announce: () => handler.notify.toolsChanged(),
    close: () => handler.close(),
  }
}
