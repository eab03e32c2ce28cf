import { createPolicy } from './embedded.ts'
import type { Policy } from './policy.ts'
import { reloadPolicies } from './reload.ts'
import { createRemotePolicy } from './remote.ts'

export interface PolicySettings {
  policyDir: string
  pdp: { url: string; token: string | undefined } | undefined
}

interface Log {
  info(about: object, message: string): void
  error(about: object, message: string): void
}

export interface OpenPolicy {
  policy: Policy
  /** Reads the policies again at once; what a remote decision point says is never kept. */
  reload(): Promise<void>
  close(): void
}

/**
 * The decision point that the settings name.
 * @throws Error when it is the embedded one and its policies are broken
 */
export function openPolicy({ policyDir, pdp }: PolicySettings, log: Log): OpenPolicy {
  if (pdp) {
    const policy = createRemotePolicy({
      ...pdp,
      report(failure) {
        if (failure === undefined) log.info({ url: pdp.url }, 'the policy decision point answers again')
        else log.error({ url: pdp.url, failure }, 'the policy decision point does not answer: nothing is allowed')
      },
    })
    log.info({ url: pdp.url }, 'a remote decision point decides')
    // The first caller should not wait for the connection, and the operator learns at once if there is none.
    void policy.health?.()
    return { policy, reload: async () => {}, close() {} }
  }
  const policy = createPolicy(policyDir)
  const reloading = reloadPolicies(policy, policyDir, {
    report(news) {
      if ('hash' in news) log.info({ folder: policyDir, hash: news.hash }, 'new policies decide')
      else log.error({ folder: policyDir, ...news }, 'the policies on disk are broken: the ones before go on deciding')
    },
  })
  return { policy, reload: reloading.now, close: reloading.close }
}
