import { resolve } from 'node:path'
import { scopesOf } from '../auth/scopes.ts'
import { type AccessRule, type AuthSection, readCuration, type SafetyRule } from '../curation/read.ts'
import { type ApiDocument, loadDocument, type Operation } from '../document/read.ts'
import { ConfigError } from '../errors.ts'
import { didYouMean } from '../nearest.ts'
import { version } from '../version.ts'
import { buildInput, type Input } from './input-schema.ts'
import { checkSafety } from './safety.ts'
import { buildTools, type Tool } from './tools.ts'

export interface AccessCheck {
  rule: AccessRule
  operation: Operation
  input: Input
  /** The OAuth scopes that it needs. Empty without `auth`. */
  scopes: string[]
}

/** All that is known before the first request: who we are, where the API is, which tools there are. */
export interface Catalog {
  server: { name: string; title?: string; version: string; instructions?: string }
  /** The API's base URL, with the base path of its operations. */
  baseUrl: string
  timeoutMs: number
  maxResponseBytes: number
  access?: AccessCheck
  safety?: SafetyRule
  auth?: AuthSection
  tools: Tool[]
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_MAX_RESPONSE_BYTES = 1024 * 1024

/**
 * Where the API is. An address without a path of its own keeps the path of the document's first server, so that
 * `http://127.0.0.1:3000` serves a document whose server is `/api/v1`.
 */
export function baseUrlOf(document: ApiDocument, configured: string | undefined): string {
  const place = configured ?? document.url
  let server: URL | undefined
  try {
    // Without a place, a relative server leads nowhere, which the error below says.
    if (document.server !== undefined) server = new URL(document.server, place)
  } catch {
    server = undefined
  }
  if (configured === undefined) {
    if (!server) throw new ConfigError('It is not known where the API is: give --api, HANDRAIL_API_URL or backend.url')
    return server.href
  }
  if (!URL.canParse(configured) || !/^https?:$/.test(new URL(configured).protocol)) {
    throw new ConfigError(`The URL of the API is not an http(s) URL: ${configured}`)
  }
  const url = new URL(configured)
  if (url.username !== '' || url.password !== '') throw new ConfigError('The URL of the API must not hold a credential')
  if (url.pathname === '/' && server) url.pathname = server.pathname
  return url.href
}

function accessCheck(
  document: ApiDocument,
  rule: AccessRule,
  auth: AuthSection | undefined,
  report: (path: string[], message: string) => void,
): AccessCheck | undefined {
  const operation = document.operations.get(rule.operation)
  if (!operation) {
    const hint = didYouMean(rule.operation, document.operations.keys())
    report(['access', 'operation'], `The document has no operation "${rule.operation}".${hint}`)
    return undefined
  }
  const input = buildInput(document.root, operation)
  if (operation.method !== 'GET' || input.bindings.some((binding) => binding.required)) {
    report(['access', 'operation'], `"${rule.operation}" must be a GET without required parameters`)
  }
  const scopes = auth ? scopesOf(auth, operation, document.root.security) : []
  if (!scopes) report(['access', 'operation'], `It is not known which scopes "${rule.operation}" needs`)
  return { rule, operation, input, scopes: scopes ?? [] }
}

/**
 * Loads a curation file and its OpenAPI document and prepares the tools. `apiUrl` goes over the file's `backend.url`.
 * Throws ConfigError with every finding, each as `file:line:column: message`.
 */
export async function loadTools(options: { configFile: string; apiUrl?: string }): Promise<Catalog> {
  const file = resolve(options.configFile)
  const { curation, report, check } = readCuration(file)
  const { backend } = curation
  if (!backend) throw new ConfigError(`${file}: "backends" are not served yet.`)
  const { references, privateAddresses, server } = backend
  const document = await loadDocument(backend.openapi, {
    from: file,
    ...(references && { references }),
    ...(privateAddresses && { privateAddresses }),
    ...(server && { server }),
  })
  const access = curation.access && accessCheck(document, curation.access, curation.auth, report)
  const tools = buildTools(document, curation, report)
  if (curation.safety) checkSafety(curation.safety, document, tools, report)
  check()
  return {
    server: { version, ...curation.server },
    baseUrl: baseUrlOf(document, options.apiUrl ?? backend.url),
    timeoutMs: backend.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxResponseBytes: backend.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
    ...(access && { access }),
    ...(curation.safety && { safety: curation.safety }),
    ...(curation.auth && { auth: curation.auth }),
    tools,
  }
}
