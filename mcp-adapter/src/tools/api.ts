import { scopesOf } from '../auth/scopes.ts'
import type { AccessRule, AuthSection, BackendSection, Report, SafetyRule } from '../curation/read.ts'
import type { ApiDocument, Operation } from '../document/read.ts'
import { placeOperations } from '../document/servers.ts'
import { ConfigError } from '../errors.ts'
import { didYouMean } from '../nearest.ts'
import type { ApprovalReader } from '../results/result.ts'
import { buildInput, type Input } from './input-schema.ts'

export interface AccessCheck {
  rule: AccessRule
  operation: Operation
  input: Input
  /** The OAuth scopes that it needs. Empty without `auth`. */
  scopes: string[]
}

/** One API behind the adapter, with all that is known of it before the first request. */
export interface Api {
  /** Its name among several; empty when it is the only one. */
  name: string
  /** What the derived names of its tools begin with. */
  prefix: string
  document: ApiDocument
  /** Where it is, with the base path of its operations. */
  baseUrl: string
  /** It was the operator who said where it is, not the document. */
  isPlaced: boolean
  /** Deadline of one request, in milliseconds. */
  timeoutMs: number
  /** Largest answer that is read, in bytes. */
  maxResponseBytes: number
  access?: AccessCheck
  safety?: SafetyRule
  /** How an approval that a call waits for is read, when one of the tools does that. */
  approvals?: ApprovalReader
  /** The OAuth scopes of all its tools together. */
  toolScopes: string[]
  /** What the curation file says about it. */
  section: BackendSection
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_MAX_RESPONSE_BYTES = 1024 * 1024

/**
 * Where an API is. An address without a path of its own keeps the path of the document's first server, so that
 * `http://127.0.0.1:3000` serves a document whose server is `/api/v1`. Throws ConfigError.
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

/** An API of a document. `baseUrl` is what baseUrlOf says; without a curation file it may be any. */
export function createApi(
  document: ApiDocument,
  baseUrl: string,
  options: { name?: string; prefix?: string; section?: BackendSection; safety?: SafetyRule; isPlaced?: boolean } = {},
): Api {
  const { name = '', prefix = '', section = { openapi: '' }, safety, isPlaced = true } = options
  return {
    name,
    prefix,
    document: placeOperations(document, baseUrl),
    baseUrl,
    isPlaced,
    timeoutMs: section.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxResponseBytes: section.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
    ...(safety && { safety }),
    toolScopes: [],
    section,
  }
}

/** The question for a caller's rights. What is wrong with it is reported below `access`; then there is none. */
export function accessCheck(
  document: ApiDocument,
  rule: AccessRule,
  auth: AuthSection | undefined,
  report: Report,
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
