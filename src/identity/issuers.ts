import { readFileSync } from 'node:fs'
import { ACTIONS, ALL_ACTIONS, type Scope } from '../domain/actions.ts'

/** Which of our users a token speaks of: the value of a claim, held against a column. */
export interface SubjectRule {
  claim: string
  match: 'id' | 'email' | 'username'
}

/** Where public keys come from. */
export type KeySource = { jwksUri: string } | { jwks: { keys: Record<string, unknown>[] } }

/** An authorization server whose access tokens are accepted. */
export interface IssuerSettings {
  /** Exactly as the `iss` claim and the metadata have it. */
  issuer: string
  /** What `aud` has to name; the API's own URLs where it is left out. */
  audiences: string[] | undefined
  /** Left out, it is discovered (RFC 8414, OpenID Connect Discovery). */
  jwksUri: string | undefined
  algorithms: string[]
  clockToleranceSeconds: number
  subject: SubjectRule
  /** Apps of people; every other client is an agent. */
  firstPartyClients: string[]
  /** Clients that call for nobody, and the user (id or user name) whose rights they have. */
  serviceClients: Record<string, string>
  /** Names of the provider's scopes for ours. */
  scopes: Record<string, Scope[]>
  /** Clients that vouch for the person they call for, and the keys that they sign with. */
  assertionKeys: Record<string, KeySource>
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']
const DEFAULT_TOLERANCE = 5
const MOST_TOLERANCE = 30
const FIELDS = [
  'issuer',
  'audiences',
  'jwksUri',
  'algorithms',
  'clockToleranceSeconds',
  'subject',
  'firstPartyClients',
  'serviceClients',
  'scopes',
  'assertionKeys',
]
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** @returns whether keys may be fetched from it: https, or this machine; no credentials in it */
export function isTrustworthy(url: unknown): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  const { protocol, hostname, username, password, hash } = new URL(url)
  if (username || password || hash) return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname))
}

/**
 * Reads the issuers from JSON text or from a file.
 * @param setting a JSON array (or one object), or the path of a file that holds it
 * @returns the issuers, and what is wrong with them, each named by its field
 */
export function readIssuers(setting: string): { issuers: IssuerSettings[]; problems: string[] } {
  const problems: string[] = []
  let parsed: unknown
  try {
    parsed = JSON.parse(/^[[{]/.test(setting) ? setting : readFileSync(setting, 'utf8'))
  } catch (error) {
    const { code } = error as { code?: string }
    return { issuers: [], problems: [code ? `names a file that cannot be read (${code})` : 'is not valid JSON'] }
  }
  const issuers = [parsed].flat().map((entry, index) => readIssuer(entry, `[${index}]`, problems))
  if (issuers.length === 0) problems.push('lists no issuer')
  const names = issuers.map(({ issuer }) => issuer)
  if (new Set(names).size < names.length) problems.push('names an issuer twice')
  return { issuers, problems }
}

type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.length > 0 && value.every(isText)

function readIssuer(entry: unknown, at: string, problems: string[]): IssuerSettings {
  const given: Fields = isObject(entry) ? entry : {}
  if (!isObject(entry)) problems.push(`${at} must be an object`)
  for (const name of Object.keys(given)) if (!FIELDS.includes(name)) problems.push(`${at}.${name} is no known field`)

  /** Takes a field that may be left out, or tells the rule that it breaks. */
  function field<T>(name: string, fallback: T, fits: (value: unknown) => boolean, rule: string): T {
    const value = given[name]
    if (value === undefined) return fallback
    if (fits(value)) return value as T
    problems.push(`${at}.${name} ${rule}`)
    return fallback
  }

  const url = 'must be a URL with https (http only on loopback), without credentials and fragment'
  if (given.issuer === undefined) problems.push(`${at}.issuer is missing`)
  return {
    issuer: field('issuer', '', (value) => isTrustworthy(value) && !value.includes('?'), `${url}, and without a query`),
    audiences: field<string[] | undefined>('audiences', undefined, isTexts, 'must be a list of texts'),
    jwksUri: field<string | undefined>('jwksUri', undefined, isTrustworthy, url),
    algorithms: field(
      'algorithms',
      DEFAULT_ALGORITHMS,
      (value) => isTexts(value) && value.every((each) => ALGORITHMS.includes(each)),
      `must list some of ${ALGORITHMS.join(', ')}`,
    ),
    clockToleranceSeconds: field(
      'clockToleranceSeconds',
      DEFAULT_TOLERANCE,
      (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MOST_TOLERANCE,
      `must be a whole number from 0 to ${MOST_TOLERANCE}`,
    ),
    subject: field<SubjectRule>(
      'subject',
      { claim: 'sub', match: 'id' },
      (value) =>
        isObject(value) &&
        isText(value.claim) &&
        ['id', 'email', 'username'].includes(String(value.match)) &&
        Object.keys(value).length === 2,
      'must have `claim`, the name of a claim, and `match`: id, email or username',
    ),
    firstPartyClients: field<string[]>('firstPartyClients', [], isTexts, 'must be a list of client ids'),
    serviceClients: field<Record<string, string>>(
      'serviceClients',
      {},
      (value) => isObject(value) && Object.values(value).every(isText),
      'must map client ids to the id or user name of a user',
    ),
    scopes: field<Record<string, Scope[]>>(
      'scopes',
      {},
      (value) => isObject(value) && Object.values(value).every(isScopes),
      'must map names of scopes to lists of actions, such as {"orders.read": ["order:read"]}',
    ),
    assertionKeys: field<Record<string, KeySource>>(
      'assertionKeys',
      {},
      (value) => isObject(value) && Object.values(value).every(isKeySource),
      'must map client ids to {"jwksUri": ...} or {"jwks": {"keys": [...]}} with public keys',
    ),
  }
}

const isScopes = (value: unknown) =>
  isTexts(value) && value.every((each) => each === ALL_ACTIONS || (ACTIONS as readonly string[]).includes(each))

function isKeySource(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).length !== 1) return false
  if (value.jwksUri !== undefined) return isTrustworthy(value.jwksUri)
  const keys = isObject(value.jwks) ? value.jwks.keys : undefined
  // A private or shared key has no place in a list of keys to verify with.
  return (
    Array.isArray(keys) &&
    keys.length > 0 &&
    keys.every((key) => isObject(key) && isText(key.kty) && key.kty !== 'oct' && !('d' in key))
  )
}
