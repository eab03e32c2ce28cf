import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'

/** The rules as they stand on disk, parsed once. */
export interface Rules {
  /** SHA-256 over schema and policies: names the rules that a decision came from. */
  hash: string
  /** Every action, and the type of what it is taken on. */
  resourceTypes: Map<string, string>
  /** The value of @code for each policy that has one, in the order of the file. */
  codes: Map<string, string>
  evaluate(call: Omit<cedar.StatefulAuthorizationCall, 'preparsedPolicySetId' | 'preparsedSchemaName'>): cedar.Response
}

const messages = (errors: { message: string }[]) => errors.map(({ message }) => message).join('; ')

/**
 * Reads, parses and checks the policies against their schema.
 * @param folder holds handrail.cedarschema and handrail.cedar
 * @throws Error when a file cannot be read, does not parse, or does not fit the schema
 */
export function loadRules(folder: string): Rules {
  const schema = readFileSync(join(folder, 'handrail.cedarschema'), 'utf8')
  const text = readFileSync(join(folder, 'handrail.cedar'), 'utf8')
  const { staticPolicies, codes } = named(text)
  validate(schema, { staticPolicies })

  const name = randomUUID()
  check(cedar.preparsePolicySet(name, { staticPolicies }))
  check(cedar.preparseSchema(name, schema))
  return {
    hash: createHash('sha256').update(schema).update('\0').update(text).digest('hex'),
    resourceTypes: resourceTypes(schema),
    codes,
    evaluate(call) {
      const answer = cedar.statefulIsAuthorized({ ...call, preparsedPolicySetId: name, preparsedSchemaName: name })
      if (answer.type === 'failure') throw new Error(`Cedar refused the question: ${messages(answer.errors)}`)
      return answer.response
    },
  }
}

/** Cedar numbers policies; here each goes by its @id, so that a decision can be explained. */
function named(text: string) {
  const parts = cedar.policySetTextToParts(text)
  if (parts.type === 'failure') throw new Error(`handrail.cedar does not parse: ${messages(parts.errors)}`)
  // Cedar returns them in no particular order.
  const inOrder = parts.policies.toSorted((a, b) => text.indexOf(a) - text.indexOf(b))
  const staticPolicies: Record<string, string> = {}
  const codes = new Map<string, string>()
  for (const policy of inOrder) {
    const parsed = cedar.policyToJson(policy)
    if (parsed.type === 'failure') throw new Error(messages(parsed.errors))
    const { id, code } = parsed.json.annotations ?? {}
    if (!id || id in staticPolicies) throw new Error(`A policy needs an @id of its own: ${policy.slice(0, 80)}`)
    staticPolicies[id] = policy
    if (code) codes.set(id, code)
  }
  return { staticPolicies, codes }
}

function validate(schema: string, policies: cedar.PolicySet): void {
  const answer = cedar.validate({ schema, policies, validationSettings: { mode: 'strict' } })
  if (answer.type === 'failure') throw new Error(`handrail.cedarschema: ${messages(answer.errors)}`)
  const errors = [...answer.validationErrors, ...answer.validationWarnings]
  if (errors.length > 0) {
    throw new Error(errors.map(({ policyId, error }) => `policy ${policyId}: ${error.message}`).join('; '))
  }
}

function check(answer: cedar.CheckParseAnswer): void {
  if (answer.type === 'failure') throw new Error(messages(answer.errors))
}

function resourceTypes(schema: string): Map<string, string> {
  const json = cedar.schemaToJson(schema)
  if (json.type === 'failure') throw new Error(messages(json.errors))
  return new Map(
    Object.values(json.json).flatMap(({ actions }) =>
      Object.entries(actions).map(([name, { appliesTo }]): [string, string] => {
        const [type, ...others] = appliesTo?.resourceTypes ?? []
        if (!type || others.length > 0) throw new Error(`handrail.cedarschema: ${name} must apply to one type`)
        return [name, type]
      }),
    ),
  )
}
