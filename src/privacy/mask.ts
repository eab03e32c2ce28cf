import { redact } from './redact.ts'

/** What a person's data is, where it has a field of its own; `text` is what people wrote, which can hold anything. */
export type Personal = 'email' | 'phone' | 'name' | 'text'

/** The parts of a JSON Schema that say what a value holds. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
  required?: string[]
  enum?: unknown[]
  const?: unknown
  'x-pii'?: Personal
  /** JSON pointers; the first that leads to a text names the person whose data the object holds. */
  'x-pii-owner'?: string[]
}

/** How a caller sees a person's data. `own`: it is the caller's; `clear`: somebody else's, as it is. */
export type Sight = 'own' | 'clear' | 'masked'

export interface Viewer {
  sees(ownerId: string): Sight
  /** Names a text without telling it, in a few characters. */
  digest(text: string): string
}

export interface Seen {
  /** The value itself where nothing had to be masked; nothing in it is changed. */
  value: unknown
  /** Somebody else's personal data is in it as it is. */
  unmasked: boolean
}

interface Walk extends Viewer {
  unmasked: boolean
}

type Step = (value: unknown, walk: Walk, ownerId: string, name?: string) => unknown

export type Mask = (value: unknown, viewer: Viewer, ownerId: string) => Seen

/** In values that no schema describes, a field is known by its name. */
export const BY_NAME: Record<string, Exclude<Personal, 'text'>> = { email: 'email', phone: 'phone', fullName: 'name' }

/** Ids and times: nothing to look for in them. */
const PLAIN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^\d{4}-\d\d-\d\dT[\d:.]+Z$/

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The stand-in tells that it is one, and tells people apart. It is keyed by the person, too: who sets a value of their
 * own cannot find out by comparison what somebody else's is.
 */
function standIn(kind: Exclude<Personal, 'text'>, value: string, ownerId: string, viewer: Viewer): string {
  const name = `masked-${viewer.digest(JSON.stringify([kind, ownerId, value]))}`
  return kind === 'email' ? `${name}@masked.invalid` : name
}

/** Whether a text is a stand-in: sent back, it would take the place of what it stands for. */
export const isStandIn = (text: string) => /^masked-[0-9a-f]{10}(@masked\.invalid)?$/i.test(text.trim())

function leaf(kind: Personal): Step {
  return (value, walk, ownerId) => {
    if (typeof value !== 'string' || value === '') return value
    const sight = walk.sees(ownerId)
    if (sight === 'own') return value
    const clear = sight === 'clear'
    if (kind === 'text') {
      const { text, found } = redact(value)
      if (clear && found.length > 0) walk.unmasked = true
      return clear ? value : text
    }
    if (clear) walk.unmasked = true
    return clear ? value : standIn(kind, value, ownerId, walk)
  }
}

const TEXT = leaf('text')
const NAMED = new Map(Object.entries(BY_NAME).map(([name, kind]) => [name, leaf(kind)]))

/** What no schema describes: fields are known by their names, and every other text is taken for free text. */
const anything: Step = (value, walk, ownerId, name = '') => {
  if (typeof value === 'string') return PLAIN.test(value) ? value : (NAMED.get(name) ?? TEXT)(value, walk, ownerId)
  if (Array.isArray(value)) return each(anything)(value, walk, ownerId, name)
  if (!isObject(value)) return value
  return replaced(value, Object.keys(value), (member, key) => anything(member, walk, ownerId, key))
}

/** The object with some of its members replaced; the object itself where none is. */
function replaced(
  value: Record<string, unknown>,
  names: Iterable<string>,
  by: (member: unknown, name: string) => unknown,
): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined
  for (const name of names) {
    const before = value[name]
    const after = by(before, name)
    if (after === before) continue
    copy ??= { ...value }
    copy[name] = after
  }
  return copy ?? value
}

function each(step: Step): Step {
  return (value, walk, ownerId, name) => {
    if (!Array.isArray(value)) return value
    const items = value.map((item) => step(item, walk, ownerId, name))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
}

function ownerIn(value: object, pointers: string[] = []): string | undefined {
  for (const pointer of pointers) {
    const found = pointer
      .split('/')
      .slice(1)
      .reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), value)
    if (typeof found === 'string') return found
  }
  return undefined
}

/**
 * Makes of a response's schema what masks its values. A part that the schema does not describe is masked by names and
 * recognisers, so nothing passes for want of a mark.
 * @param resolve finds a schema by its $id
 * @returns undefined where the schema has nothing that could be personal
 */
export function compileMask(schema: Schema, resolve: (id: string) => Schema): Mask | undefined {
  const known = new Map<string, Step | undefined>()

  function named(reference: string): Step | undefined {
    const id = reference.replace(/#$/, '')
    if (known.has(id)) return known.get(id)
    // For a schema that contains itself.
    known.set(id, anything)
    const step = compile(resolve(id))
    known.set(id, step)
    return step
  }

  function compile(schema: Schema): Step | undefined {
    const { $ref, items, anyOf, properties } = schema
    if ($ref !== undefined) return named($ref)
    if (schema['x-pii']) return leaf(schema['x-pii'])
    if (anyOf) return choice(anyOf)
    if (items) {
      const step = compile(items)
      return step && each(step)
    }
    if (properties) return members(properties, schema['x-pii-owner'])
    if (schema.enum || schema.const !== undefined) return undefined
    const types = [schema.type ?? 'object'].flat()
    return types.includes('object') || types.includes('array') ? anything : undefined
  }

  function members(properties: Record<string, Schema>, pointers: string[] | undefined): Step | undefined {
    const steps = new Map<string, Step>()
    for (const [name, property] of Object.entries(properties)) {
      const step = compile(property)
      if (step) steps.set(name, step)
    }
    if (steps.size === 0) return undefined
    return (value, walk, ownerId) => {
      if (!isObject(value)) return value
      const whose = ownerIn(value, pointers) ?? ownerId
      return replaced(value, steps.keys(), (member, name) => steps.get(name)?.(member, walk, whose, name))
    }
  }

  /** The first alternative whose required members are there; none: it is not described. */
  function choice(alternatives: Schema[]): Step | undefined {
    const options = alternatives.map((each) => ({
      required: (each.$ref === undefined ? each : resolve(each.$ref.replace(/#$/, ''))).required ?? [],
      step: compile(each),
    }))
    if (options.every(({ step }) => step === undefined)) return undefined
    return (value, walk, ownerId, name) => {
      if (!isObject(value)) return anything(value, walk, ownerId, name)
      const fits = options.find(({ required }) => required.length > 0 && required.every((each) => each in value))
      if (!fits) return anything(value, walk, ownerId, name)
      return fits.step ? fits.step(value, walk, ownerId, name) : value
    }
  }

  const step = compile(schema)
  return (
    step &&
    ((value, viewer, ownerId) => {
      const walk: Walk = { sees: viewer.sees, digest: viewer.digest, unmasked: false }
      const seen = step(value, walk, ownerId)
      return { value: seen, unmasked: walk.unmasked }
    })
  )
}
