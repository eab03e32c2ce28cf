import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { parsePolicies, type Rule } from './rules.ts'

/** The two files that say who may what. */
export interface Texts {
  schema: string
  policies: string
}

/** What Cedar is asked, without the names of what was prepared for it. */
export type CedarQuestion = Omit<cedar.StatefulAuthorizationCall, 'preparsedPolicySetId' | 'preparsedSchemaName'>

/** The rules as they stand on disk, parsed once. */
export interface Rules {
  /** SHA-256 over schema and policies: names the rules that a decision came from. */
  hash: string
  /** Every action, and the type of what it is taken on. */
  resourceTypes: Map<string, string>
  /** In the order of the file. */
  rules: Rule[]
  /** Whether a rule names a single person or thing by its id. */
  namesThings: boolean
  evaluate(question: CedarQuestion): cedar.Response
}

const messages = (errors: { message: string }[]) => errors.map(({ message }) => message).join('; ')

export const POLICY_FILES = { schema: 'handrail.cedarschema', policies: 'handrail.cedar' } as const

/** Names rules by what they say. */
export const hashOf = ({ schema, policies }: Texts) =>
  createHash('sha256').update(schema).update('\0').update(policies).digest('hex')

/** @throws Error when a file cannot be read */
export function readTexts(folder: string): Texts {
  return {
    schema: readFileSync(join(folder, POLICY_FILES.schema), 'utf8'),
    policies: readFileSync(join(folder, POLICY_FILES.policies), 'utf8'),
  }
}

/**
 * Parses the policies and checks them against their schema.
 * @param name under which Cedar keeps what is prepared; rules under the same name take the place of older ones
 * @throws Error when a text does not parse, or the policies do not fit the schema
 */
export function parseRules(texts: Texts, name: string = randomUUID()): Rules {
  const { schema, policies } = texts
  const parsed = parsePolicies(policies)
  validate(schema, { staticPolicies: Object.fromEntries(parsed.rules.map(({ id, text }) => [id, text])) })
  const namespaces = namespacesOf(schema)
  const prepared = new Map<string, string>()

  /**
   * What speaks of one action only: Cedar takes time for every policy and every line of the schema that it holds. As
   * text: the JSON of a policy loses the last digits of large numbers.
   */
  function prepare(action: string): string {
    const known = prepared.get(action)
    if (known !== undefined) return known
    const slice = `${name}/${action}`
    const about = parsed.rules.filter(({ actions }) => actions === 'all' || actions.includes(action))
    check(
      cedar.preparsePolicySet(slice, { staticPolicies: Object.fromEntries(about.map(({ id, text }) => [id, text])) }),
    )
    check(cedar.preparseSchema(slice, only(namespaces, action)))
    prepared.set(action, slice)
    return slice
  }

  return {
    hash: hashOf(texts),
    resourceTypes: resourceTypes(namespaces),
    rules: parsed.rules,
    namesThings: parsed.namesThings,
    evaluate(question) {
      const slice = prepare((question.action as cedar.TypeAndId).id)
      const answer = cedar.statefulIsAuthorized({
        ...question,
        preparsedPolicySetId: slice,
        preparsedSchemaName: slice,
      })
      if (answer.type === 'failure') throw new Error(`Cedar refused the question: ${messages(answer.errors)}`)
      return answer.response
    },
  }
}

function validate(schema: string, policies: cedar.PolicySet): void {
  const answer = cedar.validate({ schema, policies, validationSettings: { mode: 'strict' } })
  if (answer.type === 'failure') throw new Error(`${POLICY_FILES.schema}: ${messages(answer.errors)}`)
  const errors = [...answer.validationErrors, ...answer.validationWarnings]
  if (errors.length > 0) {
    throw new Error(
      `${POLICY_FILES.policies}: ${errors.map(({ policyId, error }) => `policy ${policyId}: ${error.message}`).join('; ')}`,
    )
  }
}

function check(answer: cedar.CheckParseAnswer): void {
  if (answer.type === 'failure') throw new Error(messages(answer.errors))
}

type Namespaces = cedar.SchemaJson<string>

function namespacesOf(schema: string): Namespaces {
  const json = cedar.schemaToJson(schema)
  if (json.type === 'failure') throw new Error(`${POLICY_FILES.schema}: ${messages(json.errors)}`)
  return json.json
}

/** The part of the schema that speaks of one action: what it is taken on, by whom, and all that these name. */
function only(namespaces: Namespaces, action: string): Namespaces {
  return Object.fromEntries(
    Object.entries(namespaces).map(([name, { actions, entityTypes, ...rest }]) => {
      const found = actions[action]
      const kept = new Set<string>()
      const keep = (value: unknown): void => {
        if (typeof value === 'string') {
          const type = entityTypes[value]
          if (!type || kept.has(value)) return
          kept.add(value)
          keep(type)
        } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(keep)
      }
      keep([found, rest.commonTypes])
      const types = Object.fromEntries(Object.entries(entityTypes).filter(([type]) => kept.has(type)))
      return [name, { ...rest, entityTypes: types, actions: found ? { [action]: found } : {} }]
    }),
  )
}

function resourceTypes(namespaces: Namespaces): Map<string, string> {
  return new Map(
    Object.values(namespaces).flatMap(({ actions }) =>
      Object.entries(actions).map(([name, { appliesTo, memberOf }]): [string, string] => {
        const [type, ...others] = appliesTo?.resourceTypes ?? []
        if (!type || others.length > 0) throw new Error(`${POLICY_FILES.schema}: ${name} must apply to one type`)
        // A policy about a group would be looked for under its members' names and not be found.
        if (memberOf && memberOf.length > 0) throw new Error(`${POLICY_FILES.schema}: ${name} must be in no group`)
        return [name, type]
      }),
    ),
  )
}
