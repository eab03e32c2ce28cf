import { readFileSync } from 'node:fs'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { ConfigError, type Finding, findingsError, messageOf } from '../errors.ts'
import { type Json, type JsonObject, pointerSteps } from '../json.ts'
import { didYouMean } from '../nearest.ts'
import { compile, type SchemaError } from '../tools/validation.ts'

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
  credential?: 'caller' | 'none' | { scheme: string; env?: string }
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

/** Notes a finding at a place of the file, given as the path of keys and indexes to it. */
export type Report = (path: (string | number)[], message: string) => void

export interface CurationFile {
  curation: Curation
  report: Report
  /** Throws a ConfigError with everything reported so far, if anything was. */
  check(): void
}

const schema = JSON.parse(readFileSync(new URL('../../tools.schema.json', import.meta.url), 'utf8'))
const validate = compile(schema)

/** The names that may stand where an unknown key was found. */
function knownKeys(error: SchemaError): string[] {
  return Object.keys((error.parentSchema?.properties as object | undefined) ?? {})
}

/**
 * Reads a curation file. Later findings (an unknown operation, say) are reported through the same object, so that
 * they name their place as well. Throws ConfigError: unreadable file, broken YAML, or a file that breaks the schema.
 */
export function readCuration(file: string): CurationFile {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`Cannot read the curation file ${file}: ${messageOf(error)}`)
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const findings: Finding[] = []
  const add = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset)
    findings.push({ line: Math.max(line, 1), column: Math.max(col, 1), message })
  }
  for (const error of document.errors) add(error.pos[0], `YAML: ${error.message}`)
  if (findings.length > 0) throw findingsError(file, findings)

  /** Offset of the node at a path; of its nearest parent when there is none. `key` asks for the key, not its value. */
  const offsetOf = (path: (string | number)[], key = false): number => {
    for (let depth = path.length; depth >= 0; depth--) {
      if (key && depth === path.length && depth > 0) {
        const parent = document.getIn(path.slice(0, -1), true) as { items?: { key?: unknown }[] } | undefined
        const pair = parent?.items?.find((item) => isNode(item.key) && String(item.key) === path[depth - 1])
        if (pair && isNode(pair.key)) return pair.key.range?.[0] ?? 0
      }
      const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
      if (isNode(node)) return node.range?.[0] ?? 0
    }
    return 0
  }
  const report: Report = (path, message) => add(offsetOf(path), message)
  const curation = document.toJS() as Curation

  for (const error of validate(curation)) {
    const path = pointerSteps(error.instancePath)
    if (error.keyword === 'additionalProperties') {
      const name = String(error.params.additionalProperty)
      add(offsetOf([...path, name], true), `Unknown key "${name}".${didYouMean(name, knownKeys(error))}`)
    } else {
      const place = path.length === 0 ? 'the file' : `"${path.join('.')}"`
      const expected = error.keyword === 'pattern' ? ` (${String(error.parentSchema?.description ?? '')})` : ''
      add(offsetOf(path), `${place} ${error.message}${expected}`)
    }
  }
  const check = () => {
    if (findings.length > 0) throw findingsError(file, findings)
  }
  check()
  if ((curation.backend === undefined) === (curation.backends === undefined))
    report(['backends'], 'the file must have either "backend" or "backends"')
  check()
  return { curation, report, check }
}
