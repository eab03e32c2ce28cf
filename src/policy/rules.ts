import * as cedar from '@cedar-policy/cedar-wasm/nodejs'

/** One policy of the file. */
export interface Rule {
  /** The value of @id. */
  id: string
  effect: 'permit' | 'forbid'
  /** The value of @code: what the caller is told when this forbid decides. */
  code?: string
  /** The actions in its head. */
  actions: string[] | 'all'
  text: string
  /** Where it begins in the file, from 1. */
  line: number
}

export interface Parsed {
  /** In the order of the file. */
  rules: Rule[]
  /** Whether one of them names a single person or thing by its id. */
  namesThings: boolean
}

/** What may be named in a policy without naming a single person or thing. */
const KINDS = new Set(['Role', 'Action'])

/**
 * Reads the file of policies. Cedar numbers policies; here each goes by its @id, so that a decision can be explained.
 * @throws Error that names what cannot be read, or which policy lacks an @id of its own
 */
export function parsePolicies(text: string): Parsed {
  const parts = cedar.policySetTextToParts(text)
  if (parts.type === 'failure') {
    throw new Error(`handrail.cedar does not parse: ${parts.errors.map((error) => told(error, text)).join('; ')}`)
  }
  const [template] = parts.policy_templates
  if (template) throw new Error(`handrail.cedar: templates decide nothing here: ${template.slice(0, 80)}`)
  const seen = new Set<string>()
  // Cedar returns them in no particular order.
  const inOrder = parts.policies.toSorted((a, b) => text.indexOf(a) - text.indexOf(b))
  let namesThings = false
  const rules = inOrder.map((policy): Rule => {
    const parsed = cedar.policyToJson(policy)
    if (parsed.type === 'failure') throw new Error(parsed.errors.map(({ message }) => message).join('; '))
    const { id, code } = parsed.json.annotations ?? {}
    if (!id || seen.has(id)) throw new Error(`A policy needs an @id of its own: ${policy.slice(0, 80)}`)
    seen.add(id)
    namesThings ||= namesThing(parsed.json)
    return {
      id,
      effect: parsed.json.effect,
      ...(code && { code }),
      actions: actionsOf(parsed.json),
      text: policy,
      line: lineOf(text, text.indexOf(policy)),
    }
  })
  return { rules, namesThings }
}

const lineOf = (text: string, offset: number) => text.slice(0, offset).split('\n').length

function told({ message, sourceLocations }: cedar.DetailedError, text: string): string {
  const [where] = sourceLocations ?? []
  // Cedar counts bytes.
  return where
    ? `line ${lineOf(Buffer.from(text).subarray(0, where.start).toString(), where.start)}: ${message}`
    : message
}

function actionsOf({ action }: cedar.PolicyJson): string[] | 'all' {
  if (action.op === 'All') return 'all'
  const named = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : []
  return named.map((uid) => ('__entity' in uid ? uid.__entity.id : uid.id))
}

/** Looks through a policy for the id of a single person or thing. */
function namesThing(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { type, id } = value as Record<string, unknown>
  if (typeof type === 'string' && typeof id === 'string' && !KINDS.has(type)) return true
  return Object.values(value).some(namesThing)
}
