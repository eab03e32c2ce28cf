import { isDeepStrictEqual } from 'node:util'
import { type ApiUrls, type Catalog, loadTools } from '../tools/catalog.ts'
import { type Reloader, startReloading } from './reload.ts'
import type { Services } from './server.ts'

/** The scopes that every list needs: those of the questions for rights. */
export const baseScopesOf = ({ apis }: Catalog): string[] => [
  ...new Set(apis.flatMap(({ access }) => access?.scopes ?? [])),
]

/** Who may call, and how much, is decided once: what changes it would be half in force. */
function obstacle(before: Catalog, after: Catalog): string | undefined {
  const decided = ({ auth, callers, costPerMinute }: Catalog) => ({ auth, callers, costPerMinute })
  const isSame = isDeepStrictEqual(decided(before), decided(after))
  if (isSame && (!before.auth || isDeepStrictEqual(baseScopesOf(before), baseScopesOf(after)))) return undefined
  return 'A change of "auth", "callers" or "limits", or of the scopes that asking for rights needs, is served after a restart.'
}

/** Logs which operations a rule chose and no tool could be made of. */
export function warnOfLeftOut({ log }: Pick<Services, 'log'>, { leftOut }: Catalog): void {
  if (leftOut.length > 0) log.warn({ leftOut }, 'operations that the curation chooses are left out')
}

/**
 * Keeps the catalog of `services` up to date with the files and URLs behind it. `admit` throws ConfigError for a catalog
 * that must not take the place of the current one. `announce` is called when agents see another list. `since` is when
 * the catalog began to be read, in epoch milliseconds.
 */
export function keepUpToDate(
  services: Services,
  options: { configFile: string; apiUrl?: ApiUrls },
  { since, admit, announce }: { since: number; admit: (next: Catalog) => void; announce: () => void },
): Reloader {
  return startReloading(
    {
      load: () => loadTools(options),
      current: () => services.catalog,
      obstacle: (next) => obstacle(services.catalog, next),
      replace(next, diff) {
        const { leftOut } = services.catalog
        admit(next)
        services.backends.replace(next.apis)
        services.catalog = next
        if (!isDeepStrictEqual(leftOut, next.leftOut)) warnOfLeftOut(services, next)
        if (diff) announce()
      },
      log: services.log,
    },
    since,
  )
}
