import type { ServerResponse } from 'node:http'
import { ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { Cancellation } from '../cancellation.ts'
import { messageOf } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { CallResult } from '../results/result.ts'
import type { Tool } from '../tools/tools.ts'
import { callResult, listResult, openAnswer } from './lean-answer.ts'
import type { LeanRequest } from './lean-request.ts'
import { type Asked, callTool, listTools } from './requests.ts'
import { identificationOf, type Services, type Session } from './server.ts'

/** The error that the SDK makes of what a handler throws. */
function errorOf(error: unknown): JsonObject {
  const { code, data } = error as { code?: unknown; data?: JsonObject }
  return {
    code: Number.isSafeInteger(code) ? (code as number) : ProtocolErrorCode.InternalError,
    message: messageOf(error),
    ...(data !== undefined && { data }),
  }
}

/**
 * Answers `tools/list` and `tools/call` as the SDK would, without its server, transport and streams: building those for
 * every request costs several times what the call does. `tool`: the one that is called, where it is known that the caller
 * sees it. Nothing is kept from one request to the next.
 */
export async function serveLean(
  services: Services,
  session: Session,
  { era, id, meta, call }: LeanRequest,
  tool: Tool | undefined,
  response: ServerResponse,
  signal: Cancellation,
): Promise<void> {
  const asked: Asked = { era, signal, meta, canAsk: false }
  const answer = openAnswer(response, era)
  const who = identificationOf(session.catalog ?? services.catalog)
  try {
    const result = call
      ? callResult(
          // Nobody can be asked for more here, so it is a result.
          (await callTool(services, session, asked, { name: call.name, args: call.args, tool })) as CallResult,
          era,
          who,
        )
      : listResult(await listTools(services, session, asked), era, who)
    answer.end(`{"result":${result},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`)
  } catch (error) {
    if (signal.aborted) answer.cancel()
    else answer.end(JSON.stringify({ jsonrpc: '2.0', id, error: errorOf(error) }))
  }
}
