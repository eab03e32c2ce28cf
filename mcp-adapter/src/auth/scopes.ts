import type { AuthSection } from '../curation/read.ts'
import type { Operation } from '../document/read.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { parseUri } from '../results/resources.ts'

/** A scope (RFC 6749, section 3.3): printable, without space, quote and backslash. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** The scopes of the first alternative of a security requirement that uses the scheme (OpenAPI 3.1). */
function requiredBy(security: Json | undefined, scheme: string): string[] | undefined {
  if (!Array.isArray(security)) return undefined
  const alternative = security.filter(isObject).find((each) => Object.hasOwn(each, scheme))
  const scopes = alternative?.[scheme]
  return Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : undefined
}

/**
 * The scopes that an operation needs, by the curation or the document. Undefined when neither says so: without an
 * answer nobody may call it.
 */
export function scopesOf(
  { scopes }: Pick<AuthSection, 'scopes'>,
  operation: Operation,
  security: Json | undefined,
  named?: string[],
): string[] | undefined {
  if (named) return named
  const value = scopes.extension === undefined ? undefined : operation.source[scopes.extension]
  if (typeof value === 'string' && SCOPE.test(value)) return [value]
  if (scopes.security === undefined) return undefined
  return requiredBy(operation.source.security ?? security, scopes.security)
}

/** The parts of a tool that say what a call needs. */
interface Scoped {
  name: string
  scopes: string[]
  /** The API that it calls: rights are asked of that one alone. */
  api?: { access?: { scopes: string[] } }
}

const SCOPED = new Set(['tools/list', 'tools/call', 'resources/read'])

/** The tool that a message calls: by its name, or by the URI of a resource that is read with it. */
function toolNameOf({ method, params }: JsonObject): unknown {
  if (!isObject(params)) return undefined
  if (method === 'tools/call') return params.name
  const reference = method === 'resources/read' ? parseUri(String(params.uri)) : undefined
  return reference && 'name' in reference ? reference.name : undefined
}

/**
 * All scopes that the messages of one HTTP request need together, from the names of the tools alone: the ones of every
 * list and call, and the tool's own. A tool that is not known needs none; what it gets is an error.
 */
export function neededScopes(message: unknown, tools: readonly Scoped[], base: readonly string[]): string[] {
  const needed = new Set<string>()
  for (const each of [message].flat()) {
    if (!isObject(each) || !SCOPED.has(String(each.method))) continue
    const name = toolNameOf(each)
    const tool = tools.find((one) => one.name === name)
    const asking = tool?.api ? (tool.api.access?.scopes ?? []) : base
    for (const scope of [...asking, ...(tool?.scopes ?? [])]) needed.add(scope)
  }
  return [...needed]
}
