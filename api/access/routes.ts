import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Call } from '../../src/domain/call.ts'
import { CodedError, invalid } from '../../src/domain/errors.ts'
import { service } from '../../src/domain/resources.ts'
import { type Answer, type Evaluation, fromEvaluation, MOST_EVALUATIONS, toAnswer } from '../../src/policy/authzen.ts'
import type { Policy, Question } from '../../src/policy/policy.ts'
import { type Operation, operation } from '../operation.ts'
import { EvaluationBody, evaluationsBody } from './schemas.ts'

type Part = Partial<Evaluation>

interface Several extends Part {
  evaluations?: Part[]
  options?: { evaluations_semantic?: 'execute_all' | 'deny_on_first_deny' | 'permit_on_first_permit' }
}

/** Both tell what others may do: administrators only, no agents. */
const asking = { method: 'POST', tag: 'access', action: 'policy:evaluate', risk: 'low', on: () => service } as const
const success = { status: 200, description: 'The decision, or the decisions.' } as const

/**
 * The policies of this service for others to ask, as OpenID AuthZEN 1.0 says. They have their own standard, paths and
 * version, so they are no part of the document of `/api/v1`; they meet the same safeguards all the same.
 */
export function registerAccess(app: FastifyInstance, policy: Policy): void {
  const decide = ({ caller, action, resource, context }: Question) => policy.check(caller, action, resource, context)
  const evaluate = async (part: Part, pointer?: string) => toAnswer(await decide(read(part, pointer)))

  async function evaluateSeveral({ evaluations, options, ...defaults }: Several) {
    if (!evaluations || evaluations.length === 0) return evaluate(defaults)
    const questions = evaluations.map((part, index) => read({ ...defaults, ...part }, `/body/evaluations/${index}`))
    // All at once, so that one set of rules answers all of them.
    const answers = (await Promise.all(questions.map(decide))).map(toAnswer)
    return { evaluations: upTo(answers, options?.evaluations_semantic) }
  }

  const operations: Operation[] = [
    operation({
      ...asking,
      path: '/access/v1/evaluation',
      operationId: 'evaluateAccess',
      summary: 'May somebody do something?',
      description: 'The Access Evaluation API of AuthZEN 1.0.',
      cost: 1,
      body: EvaluationBody,
      success,
      handler: async (_call, { body }) => evaluate(body as Evaluation),
    }),
    operation({
      ...asking,
      path: '/access/v1/evaluations',
      operationId: 'evaluateAccesses',
      summary: 'May somebody do some things?',
      description: 'The Access Evaluations API of AuthZEN 1.0.',
      cost: 5,
      body: evaluationsBody(MOST_EVALUATIONS),
      success,
      handler: async (_call, { body }) => evaluateSeveral(body as Several),
    }),
  ]
  for (const each of operations) {
    app.route({
      method: each.method,
      url: each.path,
      config: { operation: each },
      schema: { hide: true, body: each.body },
      handler: ({ call, body, version, visible }) =>
        each.handler(call as Call, { params: {}, query: {}, body, version, visible }),
    })
  }
  app.get('/.well-known/authzen-configuration', { schema: { hide: true } }, async (request, reply) => {
    const here = originOf(request)
    reply.header('cache-control', 'no-store')
    return {
      policy_decision_point: here,
      access_evaluation_endpoint: `${here}/access/v1/evaluation`,
      access_evaluations_endpoint: `${here}/access/v1/evaluations`,
    }
  })
}

/** @throws CodedError validation-failed, naming what is missing where nothing on top stands in for it */
function read(part: Part, pointer = '/body'): Question {
  for (const name of ['subject', 'action', 'resource'] as const) {
    if (!part[name]) throw invalid(`${pointer}/${name}`, 'required', 'is required')
  }
  return fromEvaluation(part as Evaluation, pointer)
}

/** The answers that the caller wants to see: all of them, or those up to the one that settles the matter. */
function upTo(answers: Answer[], semantic = 'execute_all'): Answer[] {
  if (semantic === 'execute_all') return answers
  const settles = semantic === 'permit_on_first_permit'
  const last = answers.findIndex(({ decision }) => decision === settles)
  return last === -1 ? answers : answers.slice(0, last + 1)
}

const HOST = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/

/** Where the caller, or the proxy in front of us, says that we are: the answer goes to nobody else. */
function originOf({ protocol, host }: FastifyRequest): string {
  if (!HOST.test(host ?? '')) throw new CodedError('bad-request', 'The Host header names no host.')
  return `${protocol}://${host}`
}
