import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Gate } from '../auth/gate.ts'
import { anyone, forwarded, type Identity } from '../auth/identity.ts'
import { ProviderUnavailable } from '../auth/provider.ts'
import { InvalidToken } from '../auth/verify.ts'
import type { Log } from '../log.ts'
import { bearerTokens } from './guard.ts'
import { refuseCredential, refuseForNow } from './refusals.ts'

/**
 * Who is calling; undefined when the request was refused, with 401 or 503. Without a gate the API judges, and there is
 * nothing to wait for; `anonymous` takes requests without a credential too.
 */
export function identify(
  request: IncomingMessage,
  response: ServerResponse,
  { gate, anonymous, log }: { gate?: Gate | undefined; anonymous: boolean; log: Log },
): Identity | undefined | Promise<Identity | undefined> {
  const { token, headers } = bearerTokens(request)
  if (anonymous && headers === 0) return anyone
  if (token === undefined) {
    refuseCredential(response, headers > 1, gate)
    return undefined
  }
  return gate ? verify(gate, token, response, log) : forwarded(token)
}

async function verify(gate: Gate, token: string, response: ServerResponse, log: Log): Promise<Identity | undefined> {
  try {
    return await gate.identify(token)
  } catch (error) {
    if (error instanceof InvalidToken) refuseCredential(response, true, gate)
    else if (error instanceof ProviderUnavailable) {
      log.warn({ cause: error.message }, 'the identity provider cannot be asked')
      refuseForNow(response, 'identity-provider-unavailable')
    } else throw error
    return undefined
  }
}
