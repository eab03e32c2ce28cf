import { resolve } from 'node:path'
import { checkCredential } from '../auth/upstream-credential.ts'
import {
  type AuthSection,
  type Curation,
  type CurationFile,
  type NamedBackendSection,
  type Report,
  readCuration,
} from '../curation/read.ts'
import { loadDocument } from '../document/load.ts'
import type { ApiDocument } from '../document/read.ts'
import { WrongServer } from '../document/servers.ts'
import { ConfigError, messageOf } from '../errors.ts'
import { didYouMean } from '../nearest.ts'
import { overlayTransform } from '../overlays/overlay.ts'
import { version } from '../version.ts'
import { type Api, accessCheck, baseUrlOf, createApi } from './api.ts'
import { approvalReader } from './approvals.ts'
import { buildTools, type LeftOut } from './build-tools.ts'
import { checkSafety } from './safety.ts'
import { type Sources, sourcesOf } from './sources.ts'
import type { Tool } from './tools.ts'

/** All that is known before the first request: who we are, which APIs are behind us, which tools there are. */
export interface Catalog {
  server: { name: string; title?: string; version: string; instructions?: string }
  apis: Api[]
  auth?: AuthSection
  /** Which dialect of JSON Schema clients are shown; by the client's name, when it is absent or `auto`. */
  profile?: string
  /** Whether requests without a credential are taken; absent: by what the APIs get. */
  callers?: 'credential' | 'any'
  /** What the calls of one caller may cost in a minute. */
  costPerMinute?: number
  /** In the order of the curation file. */
  tools: Tool[]
  /** The tools by name. */
  byName: ReadonlyMap<string, Tool>
  /** What rules chose and cannot be served. */
  leftOut: LeftOut[]
  sources: Sources
}

/** Where the APIs are, over what the curation file says: the URL of the only one, or URLs by name. */
export type ApiUrls = string | Record<string, string>

/** An API as the curation file names it: its section, and the path of its access and safety rules there. */
interface Named {
  name: string
  prefix: string
  section: NamedBackendSection
  /** Where `access` and `safety` stand. */
  place: string[]
}

function sectionsOf({ backend, backends, access, safety }: Curation): Named[] {
  if (backend) {
    const section = { ...backend, ...(access && { access }), ...(safety && { safety }) }
    return [{ name: '', prefix: '', section, place: [] }]
  }
  return Object.entries(backends ?? {}).map(([name, section]) => ({
    name,
    prefix: section.prefix ?? `${name}_`,
    section,
    place: ['backends', name],
  }))
}

/** What does not go together where several APIs are named. */
function checkSections(curation: Curation, sections: Named[], report: Report): void {
  if (!curation.backends) return
  for (const key of ['access', 'safety'] as const) {
    if (curation[key]) report([key], `"${key}" belongs to one of "backends": each API has its own.`)
  }
  if (sections.length < 2) return
  for (const { place, section } of sections) {
    // The caller's token is no business of an API that it was not made for. Which one it was made for is not guessed.
    if (section.credential === undefined)
      report(
        place,
        'Say what this API gets of a caller, because there are several: credential: caller, none or a scheme.',
      )
  }
}

/** The URL that goes over the file's, for each API. Throws ConfigError for a URL of an API that there is not. */
function urlsOf(sections: Named[], urls: ApiUrls | undefined): Record<string, string> {
  const [first, ...more] = sections
  if (urls === undefined || !first) return {}
  const names = sections.map(({ name }) => name).filter((name) => name !== '')
  if (typeof urls === 'string') {
    if (more.length === 0) return { [first.name]: urls }
    throw new ConfigError(`There are several APIs (${names.join(', ')}): say which one is at ${urls} (--api NAME=URL).`)
  }
  for (const name of Object.keys(urls)) {
    if (names.length === 0)
      throw new ConfigError(`There is one API, without a name: give its URL alone, not ${name}=URL.`)
    if (!names.includes(name)) throw new ConfigError(`There is no backend "${name}".${didYouMean(name, names)}`)
  }
  return urls
}

/** Where an API is. What the file says wrong of it is reported; what the command line says wrong of it throws. */
function placeOf(document: ApiDocument, { section, place }: Named, url: string | undefined, report: Report): string {
  if (url !== undefined) return baseUrlOf(document, url)
  try {
    return baseUrlOf(document, section.url)
  } catch (error) {
    report([...(place.length > 0 ? place : ['backend']), 'url'], messageOf(error))
    return ''
  }
}

async function loadApi(
  named: Named,
  url: string | undefined,
  { auth, file, report }: { auth: AuthSection | undefined; file: string; report: Report },
): Promise<Api> {
  const { name, prefix, section, place } = named
  const { references, privateAddresses, server } = section
  const transform = overlayTransform(section, file)
  const document = await loadDocument(section.openapi, {
    from: file,
    ...(references && { references }),
    ...(privateAddresses && { privateAddresses }),
    ...(server && { server }),
    ...(transform && { transform }),
  })
  const { safety } = section
  const baseUrl = placeOf(document, named, url, report)
  const isPlaced = (url ?? section.url) !== undefined
  const api = createApi(document, baseUrl, { name, prefix, section, isPlaced, ...(safety && { safety }) })
  const credentialAt = [...(place.length > 0 ? place : ['backend']), 'credential']
  checkCredential(section, document, (message) => report(credentialAt, message))
  const access =
    section.access &&
    accessCheck(document, section.access, auth, (path, message) => report([...place, ...path], message))
  return access ? { ...api, access } : api
}

/** What an API knows of its tools once they are there. */
function complete(api: Api, tools: Tool[]): void {
  const approvals = approvalReader(api, tools)
  if (approvals) api.approvals = approvals
  api.toolScopes = [...new Set(tools.flatMap((tool) => (tool.api === api ? tool.scopes : [])))]
}

async function buildCatalog(
  file: string,
  { curation, report, check }: CurationFile,
  apiUrl: ApiUrls | undefined,
): Promise<Catalog> {
  const { auth } = curation
  const sections = sectionsOf(curation)
  checkSections(curation, sections, report)
  const urls = urlsOf(sections, apiUrl)
  const load = (each: Named) =>
    loadApi(each, urls[each.name], { auth, file, report }).catch((error: unknown) => {
      if (error instanceof WrongServer) {
        report([...(each.place.length > 0 ? each.place : ['backend']), 'server'], error.message)
        check()
      }
      throw error
    })
  const apis = await Promise.all(sections.map(load))
  const { tools, leftOut } = buildTools(apis, curation, report)
  for (const [index, api] of apis.entries()) {
    const { place = [] } = sections[index] ?? {}
    const own = tools.filter((tool) => tool.api === api)
    if (api.safety) checkSafety(api.safety, api.document, own, (path, message) => report([...place, ...path], message))
    complete(api, own)
  }
  const { callers, limits: { costPerMinute } = {} } = curation
  const dearest = tools.find(({ cost }) => costPerMinute !== undefined && cost > costPerMinute)
  if (dearest) report(['limits', 'costPerMinute'], `"${dearest.name}" costs ${dearest.cost}: it could never be called.`)
  check()
  return {
    server: { version, ...curation.server },
    apis,
    ...(auth && { auth }),
    ...(curation.profile !== undefined && { profile: curation.profile }),
    ...(callers && { callers }),
    ...(costPerMinute !== undefined && { costPerMinute }),
    tools,
    byName: new Map(tools.map((tool) => [tool.name, tool])),
    leftOut,
    sources: sourcesOf(file, apis),
  }
}

/**
 * Loads a curation file and its OpenAPI documents and prepares the tools. `apiUrl` goes over the file's URLs.
 * Throws ConfigError with every finding, each as `file:line:column: message`.
 */
export async function loadTools(options: { configFile: string; apiUrl?: ApiUrls }): Promise<Catalog> {
  const file = resolve(options.configFile)
  return buildCatalog(file, readCuration(file), options.apiUrl)
}
