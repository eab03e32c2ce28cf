import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { createFreeNames } from './free-name.ts'
import { atFragment, fragmentPointer } from './lookup.ts'
import type { Sources } from './sources.ts'
import { type Kind, walk } from './structure.ts'

const SECTIONS: Partial<Record<Kind, string>> = {
  schema: 'schemas',
  parameter: 'parameters',
  response: 'responses',
  requestBody: 'requestBodies',
  header: 'headers',
  example: 'examples',
  mediaType: 'mediaTypes',
}
const MAX_STEPS = 50

/** A reference that is still to be followed: where it stands, and the file that it is written in. */
interface Pending {
  holder: JsonObject
  kind: Kind
  base: string
  steps: number
}

function ownObject(parent: JsonObject, name: string): JsonObject {
  const known = Object.hasOwn(parent, name) ? parent[name] : undefined
  if (isObject(known)) return known
  const made: JsonObject = {}
  parent[name] = made
  return made
}

/** The map of a document that reusable objects of a kind stand in, and the pointer to it. */
function sectionOf(root: JsonObject, kind: Kind): { map: JsonObject; pointer: string } {
  const name = SECTIONS[kind] as string
  if (typeof root.swagger !== 'string')
    return { map: ownObject(ownObject(root, 'components'), name), pointer: `#/components/${name}` }
  const own = kind === 'schema' ? 'definitions' : name
  return { map: ownObject(root, own), pointer: `#/${own}` }
}

/** By the map that names are free in. */
const freeNames = new WeakMap<JsonObject, (stem: string) => string>()

/** A name for what stands at a pointer of a file: its last step, or the file's own name; another one when it is taken. */
function freeName(map: JsonObject, place: string, pointer: string): string {
  const last =
    pointer.split('/').at(-1) || (place.split(/[?#]/)[0]?.split('/').at(-1) ?? '').replace(/\.(json|ya?ml)$/i, '')
  const plain = last.replaceAll(/[^A-Za-z0-9._-]+/g, '_') || 'part'
  const stem = plain === '__proto__' ? 'proto' : plain
  const free =
    freeNames.get(map) ??
    createFreeNames(
      (name) => Object.hasOwn(map, name),
      (name, count) => `${name}_${count}`,
    )
  freeNames.set(map, free)
  return free(stem)
}

/** Whether a discriminator's mapping value is a reference and no bare name (OpenAPI 3.1, section 4.8.25). */
const isReference = (value: Json): value is string => typeof value === 'string' && /[#/]|\.(json|ya?ml)$/i.test(value)

/** `$anchor`s of a file, as the objects they name (JSON Schema 2020-12 core, section 8.2.2). */
function anchored(file: Json, name: string): JsonObject | undefined {
  const queue: Json[] = [file]
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (isObject(value) && (value.$anchor === name || value.$dynamicAnchor === name)) return value
    if (typeof value === 'object' && value !== null) queue.push(...Object.values(value))
  }
  return undefined
}

/** A file's part that a reference names. */
interface Found {
  place: string
  target: JsonObject
  /** Decoded; an anchor's bare name otherwise. */
  pointer: string
}

async function find(root: JsonObject, sources: Sources, reference: string, base: string): Promise<Found> {
  const hash = reference.indexOf('#')
  const file = hash < 0 ? reference : reference.slice(0, hash)
  const place = file === '' ? base : file === root.$self ? sources.main : await sources.locate(file, base)
  const content = place === sources.main ? root : await sources.read(place)
  const pointer = hash < 0 ? '' : fragmentPointer(reference.slice(hash))
  const isAnchor = pointer !== '' && !pointer.startsWith('/')
  const target = isAnchor ? anchored(content, pointer) : hash < 0 ? content : atFragment(content, reference.slice(hash))
  if (!isObject(target)) throw new ConfigError(`${place} has nothing at #${pointer}`)
  return { place, target, pointer }
}

const mappingOf = (holder: JsonObject, kind: Kind): JsonObject => {
  const mapping = kind === 'schema' && isObject(holder.discriminator) ? holder.discriminator.mapping : undefined
  return isObject(mapping) ? mapping : {}
}

interface FileBundle {
  /**
   * Brings every file that a document refers to into the document, as components with names of their own: afterwards
   * all references are `#/...`. `#/...` inside another file means that file. What may not or cannot be followed keeps
   * a reference of its own, and does not touch the rest. May be called again when the document was changed.
   */
  bundle(root: JsonObject): Promise<void>
  /** Why references were not followed, by what stands in their place now. */
  refusals: Map<string, string>
}

/** Follows the references of one document to other files. */
export function createFileBundle(sources: Sources): FileBundle {
  /** What parts of other files are called in the document. */
  const named = new Map<string, string>()
  const refusals = new Map<string, string>()
  const moved = new Set<object>()
  const pending: Pending[] = []

  /** Notes the references of an object that is written in the file `base`. */
  const collect = (value: Json, kind: Kind, base: string, seen: Set<object>) => {
    const leadsOut = (reference: Json | undefined) =>
      typeof reference === 'string' &&
      (base !== sources.main || !/^#(\/|$)/.test(reference)) &&
      !refusals.has(reference)
    const enter = (holder: JsonObject, of: Kind) => {
      if (of === 'schema' && holder.$dynamicRef !== undefined && holder.$ref === undefined) {
        // A generic type: without what a subtype puts in its place, it is a plain reference.
        holder.$ref = holder.$dynamicRef
        delete holder.$dynamicRef
      }
      const isMapped =
        holder.discriminator !== undefined &&
        Object.values(mappingOf(holder, of)).some((one) => isReference(one) && leadsOut(one))
      if (isMapped || leadsOut(holder.$ref)) pending.push({ holder, kind: of, base, steps: 0 })
    }
    walk(value, kind, enter, seen)
  }

  /** The `#/...` that a reference becomes. */
  const follow = async (root: JsonObject, reference: string, kind: Kind, base: string): Promise<string> => {
    const { place, target, pointer } = await find(root, sources, reference, base)
    if (place === sources.main && (pointer === '' || pointer.startsWith('/')))
      return `#${reference.split('#')[1] ?? ''}`
    const key = `${kind} ${place}#${pointer}`
    const known = named.get(key)
    if (known !== undefined) return known
    const { map, pointer: section } = sectionOf(root, kind)
    const name = freeName(map, place, pointer)
    map[name] = target
    named.set(key, `${section}/${name}`)
    if (place !== sources.main) collect(target, kind, place, moved)
    return `${section}/${name}`
  }

  /** A path item has no section that every version knows: it is written out where it is used. */
  const inline = async (root: JsonObject, { holder, base, steps }: Pending): Promise<void> => {
    const { place, target } = await find(root, sources, String(holder.$ref), base)
    if (steps >= MAX_STEPS) throw new ConfigError(`The path item ${String(holder.$ref)} leads back to itself`)
    const { $ref: _, ...own } = holder
    const { $ref: further, ...members } = target
    delete holder.$ref
    Object.assign(holder, { ...members, ...own })
    if (place !== sources.main) collect(members, 'pathItem', place, moved)
    if (typeof further !== 'string') return
    holder.$ref = further
    if (place !== sources.main) pending.push({ holder, kind: 'pathItem', base: place, steps: steps + 1 })
  }

  const refuse = (reference: string, base: string, error: unknown): string => {
    // Never like a reference of the document's own, which would be looked for in the wrong file.
    const kept = base === sources.main && !reference.startsWith('#') ? reference : `${base} ${reference}`
    refusals.set(kept, messageOf(error))
    return kept
  }

  const settle = async (root: JsonObject, next: Pending): Promise<void> => {
    const { holder, kind, base } = next
    const { $ref } = holder
    if (typeof $ref === 'string') {
      try {
        if (kind === 'pathItem') await inline(root, next)
        else if (SECTIONS[kind] !== undefined) holder.$ref = await follow(root, $ref, kind, base)
      } catch (error) {
        holder.$ref = refuse($ref, base, error)
      }
    }
    const mapping = mappingOf(holder, kind)
    for (const [name, reference] of Object.entries(mapping)) {
      // A mapping that cannot be followed is only one hint less.
      if (isReference(reference)) mapping[name] = await follow(root, reference, kind, base).catch(() => reference)
    }
  }

  return {
    refusals,
    async bundle(root) {
      collect(root, 'document', sources.main, new Set())
      for (let at = 0; at < pending.length; at++) await settle(root, pending[at] as Pending)
      pending.length = 0
    },
  }
}
