import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { Test } from 'tap'
import { readIssuers } from '../../src/identity/issuers.ts'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>

/** Publishes keys and signs whatever it is told to, right or wrong. */
export interface TokenIssuer {
  url: string
  /** What its `jwks` answers; changed at will. */
  keys: JWK[]
  /** While false, it answers 503. */
  up: boolean
  /** How often the keys were asked for. */
  asked: number
  /** What the metadata says beside the issuer and the address of the keys. */
  metadata: Record<string, unknown>
  pair: Pair
  /** Adds a key to what is published. */
  addKey(alg: string, kid: string): Promise<Pair>
  /** A good token, but for what is given; a claim or header given as undefined is left out. */
  sign(
    claims?: Record<string, unknown>,
    header?: Record<string, unknown>,
    key?: Parameters<SignJWT['sign']>[0],
  ): Promise<string>
  /** Settings for it as HANDRAIL_OAUTH_ISSUERS has them. */
  settings(more?: object): ReturnType<typeof readIssuers>['issuers']
}

export const AUDIENCE = 'https://api.example.com'

/** @param subject whom its tokens are of unless told otherwise */
export async function startTokenIssuer(t: Test, subject: string): Promise<TokenIssuer> {
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close')
    if (request.url === '/jwks') issuer.asked += 1
    if (!issuer.up) return void response.writeHead(503).end()
    const body = request.url === '/jwks' ? { keys: issuer.keys } : issuer.metadata
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function addKey(alg: string, kid: string): Promise<Pair> {
    const pair = await generateKeyPair(alg, { extractable: true })
    issuer.keys.push({ ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' })
    return pair
  }
  const issuer: TokenIssuer = {
    url,
    keys: [],
    up: true,
    asked: 0,
    metadata: { issuer: url, jwks_uri: `${url}/jwks` },
    pair: undefined as unknown as Pair,
    addKey,
    sign(claims = {}, header = {}, key = issuer.pair.privateKey) {
      const now = Math.floor(Date.now() / 1000)
      const good = {
        iss: url,
        aud: AUDIENCE,
        sub: subject,
        client_id: 'shop-app',
        jti: randomUUID(),
        iat: now,
        exp: now + 300,
        scope: 'caller:read order:read',
      }
      const fields = Object.entries({ ...good, ...claims }).filter(([, value]) => value !== undefined)
      const head = { alg: 'ES256', typ: 'at+jwt', kid: 'first', ...header }
      const given = Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined))
      return new SignJWT(Object.fromEntries(fields)).setProtectedHeader(given as { alg: string }).sign(key)
    },
    settings(more = {}) {
      const { issuers, problems } = readIssuers(JSON.stringify([{ issuer: url, ...more }]))
      if (problems.length > 0) throw new Error(problems.join('; '))
      return issuers
    },
  }
  issuer.pair = await addKey('ES256', 'first')
  return issuer
}
