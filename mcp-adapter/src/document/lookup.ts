import { ConfigError } from '../errors.ts'
import { atPointer, isObject, type Json, type JsonObject } from '../json.ts'

const MAX_REFERENCE_STEPS = 50

/** Why references of a document were not followed, by reference as it now stands in the document. */
const refused = new WeakMap<JsonObject, Map<string, string>>()

/** Keeps why references were not followed; `lookUp` tells it to whoever comes across one. */
export function keepRefusals(root: JsonObject, reasons: Map<string, string>): void {
  refused.set(root, reasons)
}

/** The JSON Pointer in a `#...` fragment, decoded (RFC 6901, section 6); as it stands when it is not well encoded. */
export function fragmentPointer(reference: string): string {
  const raw = reference.slice(reference.indexOf('#') + 1)
  try {
    return decodeURIComponent(raw)
  } catch {
    return raw
  }
}

/** What a fragment names, or undefined. Names with a bare "%" are found as well: writers forget to encode them. */
export function atFragment(root: unknown, reference: string): unknown {
  const decoded = fragmentPointer(reference)
  if (decoded !== '' && !decoded.startsWith('/')) return undefined
  const raw = reference.slice(reference.indexOf('#') + 1)
  return atPointer(root, decoded) ?? (raw === decoded ? undefined : atPointer(root, raw))
}

/**
 * What a `$ref` of this document names (RFC 6901 inside a URI fragment). References to other files and hosts were
 * followed when the document was loaded; one that is left was refused. Throws ConfigError with the reason.
 */
export function lookUp(root: JsonObject, reference: string): JsonObject {
  if (!reference.startsWith('#')) {
    const reason = refused.get(root)?.get(reference)
    throw new ConfigError(reason ?? `Only references inside the document are followed: ${reference}`)
  }
  const found = atFragment(root, reference)
  if (!isObject(found)) throw new ConfigError(`The document has nothing at ${reference}`)
  return found
}

/** An object with its `$ref`s followed, one after another. Throws ConfigError: a dead end, or a circle. */
export function resolved(root: JsonObject, value: Json | undefined): JsonObject {
  let current: Json | undefined = value
  for (let step = 0; step < MAX_REFERENCE_STEPS; step++) {
    if (!isObject(current)) return {}
    if (typeof current.$ref !== 'string') return current
    current = lookUp(root, current.$ref)
  }
  throw new ConfigError(`A reference in the document leads back to itself: ${String((value as JsonObject).$ref)}`)
}
