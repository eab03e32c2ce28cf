import { readFileSync } from 'node:fs'
import { compile } from '../checks/validation.ts'
import { ConfigError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { explain } from './explain.ts'
import { type Report, readYamlFile } from './yaml-file.ts'

export interface CuratedParameter {
  /** What the model sees instead of the derived name. */
  name?: string
  description?: string
  examples?: Json[]
  default?: Json
  fixed?: Json
  hidden?: true
}

export interface Hints {
  readOnlyHint: boolean
  destructiveHint: boolean
  idempotentHint: boolean
  openWorldHint: boolean
}

/** An operation that is accepted now and ends later: where its state is read. Pointers are JSON Pointers. */
export interface PollRule {
  operation: string
  parameters?: Record<string, string>
  state?: string
  done?: string[]
  progress?: string
  total?: number
}

/** One entry of `tools`: an operation, or all operations with a tag or one of some methods. */
export interface CuratedTool {
  operation?: string
  tag?: string
  methods?: string[]
  except?: string[]
  /** Which of several backends. */
  backend?: string
  name?: string
  title?: string
  description?: string
  parameters?: Record<string, CuratedParameter>
  annotations?: Partial<Hints>
  confirm?: boolean
  /** The OAuth scopes that a call needs. */
  scopes?: string[]
  /** The arguments are the JSON body itself, by its schema as the document has it. */
  input?: 'body'
  output?: 'brief' | 'resource'
  examples?: JsonObject[]
  /** Fields of the answer: `id`, `customer.name`, `items[].sku`. */
  select?: string[]
  redact?: string[]
  /** Tokens (characters / 4) of a result. */
  budget?: number
  timeoutMs?: number
  cost?: number
  poll?: PollRule
}

export interface AccessRule {
  operation: string
  actions: string
  extension: string
}

/** What the API calls the means by which a change is made safe to try. Every member is optional; without, it is off. */
export interface SafetyRule {
  idempotencyHeader?: string
  approvalHeader?: string
  approvalTool?: string
  dryRun?: string
  toolHeader?: string
  untrusted?: string
  confirm?: { extension: string; values: string[] }
}

/** Whose tokens are taken, what they have to allow, and what the API gets. It is off as long as no issuer is named. */
export interface AuthSection {
  resource?: string
  issuers?: { issuer: string; jwks?: string; tokenEndpoint?: string }[]
  audience?: string
  algorithms?: string[]
  requiredClaims?: string[]
  keys?: { maxAgeS?: number; cooldownS?: number }
  scopes: { extension?: string; security?: string; initial?: string[]; offer?: boolean }
  apiKeys?: { prefix: string }
  passthrough?: 'same-audience'
  exchange?: {
    grant?: 'token-exchange' | 'client-credentials'
    audience?: string
    clientId?: string
    claims?: string[]
  }
}

export interface BackendSection {
  openapi: string
  overlays?: string[]
  references?: string[]
  privateAddresses?: boolean
  server?: { index?: number; variables?: Record<string, string> }
  url?: string
  credential?: 'caller' | 'none' | { scheme: string; env?: string } | { scheme: string; env: string }[]
  timeoutMs?: number
  maxResponseBytes?: number
  concurrency?: number
  breaker?: boolean
}

/** One of several backends. */
export interface NamedBackendSection extends BackendSection {
  prefix?: string
  access?: AccessRule
  safety?: SafetyRule
}

/** A curation file, as tools.schema.json describes it. Either `backend` or `backends` is there. */
export interface Curation {
  server: { name: string; title?: string; version?: string; instructions?: string }
  backend?: BackendSection
  backends?: Record<string, NamedBackendSection>
  access?: AccessRule
  safety?: SafetyRule
  auth?: AuthSection
  callers?: 'credential' | 'any'
  results?: { budget?: number; strict?: boolean }
  limits?: { costPerMinute?: number }
  profile?: string
  tools: CuratedTool[]
}

export type { Report }

export interface CurationFile {
  curation: Curation
  report: Report
  /** Throws a ConfigError with everything reported so far, if anything was. */
  check(): void
}

const schema = JSON.parse(readFileSync(new URL('../../tools.schema.json', import.meta.url), 'utf8'))
const validate = compile(schema, { isOurs: true })

/**
 * Reads a curation file. Later findings (an unknown operation, say) are reported through the same object, so that
 * they name their place as well. Throws ConfigError: unreadable file, broken YAML, or a file that breaks the schema.
 */
export function readCuration(path: string): CurationFile {
  const file = readYamlFile(path, 'curation file')
  const { openapi, swagger } = isObject(file.value) ? file.value : {}
  if (openapi !== undefined || swagger !== undefined)
    throw new ConfigError(
      `${path} is an OpenAPI document, and no curation file: handrail-mcp init ${path} writes one for it.`,
    )
  for (const { path: place, message, atKey } of explain(validate(file.value))) {
    if (atKey) file.reportKey(place, message)
    else file.report(place, message)
  }
  file.check()
  const curation = file.value as unknown as Curation
  if ((curation.backend === undefined) === (curation.backends === undefined))
    file.report(['backends'], 'the file must have either "backend" or "backends"')
  file.check()
  return { curation, report: file.report, check: file.check }
}
