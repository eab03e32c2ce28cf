import { isIP } from 'node:net'
import { ConfigError } from '../errors.ts'

/** What decides who may call at all. */
export interface CallersQuestion {
  /** `callers` of the curation file. */
  callers: 'credential' | 'any' | undefined
  /** What each API gets, by what a person would call the API. */
  apis: { name: string; usesCaller: boolean; isOwn: boolean }[]
  /** Access tokens are verified here. */
  verifies: boolean
  /** API keys pass beside them, for the API to judge. */
  passesKeys: boolean
  /** Where the endpoint listens. */
  host: string
}

const isLoopback = (host: string) =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/**
 * Whether requests without a credential are taken. They are when the curation file says so, and when no API gets one.
 * Throws ConfigError where the adapter's own credential would be lent to people whom nobody has judged.
 */
export function takesAnyone({ callers, apis, verifies, passesKeys, host }: CallersQuestion): boolean {
  if (callers === 'any' && verifies)
    throw new ConfigError('"callers: any" and "auth" contradict each other: who calls is either verified or not.')
  const own = apis.find(({ isOwn }) => isOwn)
  if (own) {
    const gets = `${own.name} gets the adapter's own credential`
    if (verifies && passesKeys)
      throw new ConfigError(`${gets}, so nobody would judge a caller's API key: leave out auth.apiKeys.`)
    if (!verifies && callers !== 'any')
      throw new ConfigError(`${gets}, so nobody would judge callers: set "auth", or say "callers: any".`)
    if (!verifies && !isLoopback(host))
      throw new ConfigError(
        `${gets}, and "callers: any" would lend it to everybody who reaches ${host}: set "auth", or listen on 127.0.0.1.`,
      )
  }
  return callers === 'any' || (!verifies && apis.every(({ usesCaller }) => !usesCaller))
}
