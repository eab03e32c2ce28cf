import { isObject, type JsonObject } from '../json.ts'
import { undici } from '../undici.ts'
import { version } from '../version.ts'
import { createSingleFlight } from './cache.ts'
import { isSafeUrl, type TrustedIssuer } from './rule.ts'

/** The identity provider gave no usable answer. It may do so later; nothing is wrong with the caller's token. */
export class ProviderUnavailable extends Error {
  override name = 'ProviderUnavailable'
}

/** A JSON answer of the identity provider, whatever its status. */
interface ProviderAnswer {
  status: number
  body: JsonObject
}

export interface ProviderClient {
  /** Throws ProviderUnavailable: no answer in time, too long a one, a redirect, a 5xx, not JSON. */
  ask(url: string, request?: { headers: Record<string, string>; body: string }): Promise<ProviderAnswer>
  close(): Promise<void>
}

const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 256 * 1024

/** An HTTP client for addresses that the operator configured. Redirects are not followed. Its errors hold no data. */
export function createProviderClient(timeoutMs = TIMEOUT_MS): ProviderClient {
  const agent = new (undici().Agent)({ connect: { timeout: timeoutMs }, maxResponseSize: MAX_ANSWER_BYTES })
  async function ask(
    url: string,
    request?: { headers: Record<string, string>; body: string },
  ): Promise<ProviderAnswer> {
    const { origin, pathname, search } = new URL(url)
    let status: number
    let text: string
    try {
      const response = await agent.request({
        origin,
        path: pathname + search,
        method: request ? 'POST' : 'GET',
        headers: { accept: 'application/json', 'user-agent': `handrail-mcp/${version}`, ...request?.headers },
        body: request?.body ?? null,
        signal: AbortSignal.timeout(timeoutMs),
      })
      status = response.statusCode
      text = await response.body.text()
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code
      throw new ProviderUnavailable(`${origin} gave no answer (${typeof code === 'string' ? code : 'no code'})`)
    }
    if (status >= 500 || status === 429 || (status >= 300 && status < 400))
      throw new ProviderUnavailable(`${origin} answered ${status}`)
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      body = undefined
    }
    if (!isObject(body)) throw new ProviderUnavailable(`${origin} answered ${status} without JSON`)
    return { status, body }
  }
  return { ask, close: () => agent.destroy() }
}

/** What is read of an authorization server's metadata (RFC 8414). */
export interface ProviderMetadata {
  jwks?: string
  tokenEndpoint?: string
}

/** Where the metadata of an issuer may be (RFC 8414, section 3.1; OpenID Connect Discovery, section 4.1). */
function metadataPlaces(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/+$/, '')
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
  return [...new Set(places)]
}

/**
 * Reads where an issuer's keys and token endpoint are, once; a failure is not kept. What is configured goes over what
 * is found. Throws ProviderUnavailable.
 */
export function createDiscovery(client: ProviderClient, issuer: TrustedIssuer): () => Promise<ProviderMetadata> {
  const once = createSingleFlight<ProviderMetadata>()
  const { jwks, tokenEndpoint } = issuer
  const configured = { ...(jwks && { jwks }), ...(tokenEndpoint && { tokenEndpoint }) }
  let found: ProviderMetadata | undefined = jwks && tokenEndpoint ? configured : undefined
  async function discover(): Promise<ProviderMetadata> {
    for (const place of metadataPlaces(issuer.issuer)) {
      const { status, body } = await client.ask(place)
      if (status !== 200) continue
      // Metadata of another issuer would lead to another one's keys (RFC 8414, section 3.3).
      if (body.issuer !== issuer.issuer) throw new ProviderUnavailable(`The metadata at ${place} is of another issuer`)
      // Only an issuer on this machine may lead to places on this machine.
      const isLocal = place.startsWith('http:')
      const url = (name: string) => {
        const found = body[name]
        return isSafeUrl(found) && (isLocal || found.startsWith('https:')) ? found : undefined
      }
      const [keys, tokens] = [url('jwks_uri'), url('token_endpoint')]
      return { ...(keys && { jwks: keys }), ...(tokens && { tokenEndpoint: tokens }), ...configured }
    }
    throw new ProviderUnavailable(`${issuer.issuer} publishes no metadata`)
  }
  return async () => {
    found ??= await once('', discover)
    return found
  }
}
