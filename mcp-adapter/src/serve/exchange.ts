import type { IncomingMessage, ServerResponse } from 'node:http'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server'
import { kindOf } from '../errors.ts'
import { withoutQuotedHeaders } from './echo.ts'
import { MAX_BODY_BYTES } from './guard.ts'
import { createServer, type Services, type Session } from './server.ts'

/** Messages that the SDK answers, each with a server of its own. */
export interface SdkExchange {
  serve(request: IncomingMessage, response: ServerResponse, message: unknown, session: Session): Promise<void>
  /** Ends open streams and what is still in flight. */
  close(): Promise<void>
}

export function createSdkExchange(services: Services): SdkExchange {
  const onerror = (error: Error) => services.log.warn(kindOf(error), 'MCP exchange')
  const handler = createMcpHandler(
    (context) => createServer(services, context.authInfo?.extra?.session as Session, context.era),
    { onerror, maxRequestBodySize: MAX_BODY_BYTES },
  )
  const answering: typeof handler.fetch = async (...asked) => withoutQuotedHeaders(await handler.fetch(...asked))
  const exchange = toNodeHandler({ fetch: answering }, { onerror, maxRequestBodySize: MAX_BODY_BYTES })
  return {
    async serve(request, response, message, session) {
      // The session travels beside the SDK's own fields; the SDK passes it to the factory and looks no further.
      const auth: AuthInfo = { token: 'withheld', clientId: 'caller', scopes: [], extra: { session } }
      await exchange(Object.assign(request, { auth }) as NodeIncomingMessageLike, response, message)
    },
    close: () => handler.close(),
  }
}
