import { createLocalJWKSet, type JWK, type JWTPayload, jwtVerify } from 'jose'
import type Provider from 'oidc-provider'
import { errors, type OidcContext } from 'oidc-provider'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const SHORT_SECONDS = 120

interface Setting {
  issuer: string
  keys: JWK[]
  /** What is known of a resource; throws for one that is none. */
  resource: (name: string) => { scope: string }
}

/**
 * Teaches the provider RFC 8693: a client that may exchange gives somebody's access token and gets a short one for
 * another resource, for the same person, with the client that the person used as the actor.
 */
export function registerExchange(provider: Provider, { issuer, keys, resource }: Setting): void {
  const verify = createLocalJWKSet({ keys: keys.map(({ d: _, ...open }) => open) })
  const handler = async (ctx: OidcContext) => {
    const { client, params } = ctx.oidc
    const text = (name: string) => (typeof params[name] === 'string' ? params[name] : '')
    if (text('subject_token_type') !== ACCESS_TOKEN) throw new errors.InvalidGrant('only access tokens are exchanged')
    const inbound = await claimsOf(text('subject_token'), verify, issuer)
    const name = text('resource')
    const information = resource(name)
    const known = new Set(information.scope.split(' '))
    const scope = text('scope')
      .split(' ')
      .filter((each) => known.has(each))
      .join(' ')
    const token = new provider.AccessToken({
      accountId: inbound.sub,
      client,
      scope,
      expiresIn: SHORT_SECONDS,
      gty: 'token-exchange',
    })
    token.resourceServer = new provider.ResourceServer(name, information)
    // The agent is the outermost actor (section 4.1), however often a token is exchanged.
    Object.assign(token, { act: inbound.act ?? { sub: inbound.client_id } })
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: SHORT_SECONDS,
      scope,
    }
  }
  provider.registerGrantType(EXCHANGE, handler, [
    'subject_token',
    'subject_token_type',
    'actor_token',
    'actor_token_type',
    'requested_token_type',
    'audience',
    'resource',
    'scope',
  ])
}

async function claimsOf(
  token: string,
  keys: ReturnType<typeof createLocalJWKSet>,
  issuer: string,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, { issuer, typ: 'at+jwt' })).payload
  } catch {
    throw new errors.InvalidGrant('the subject token is not one of ours, or is over')
  }
}
