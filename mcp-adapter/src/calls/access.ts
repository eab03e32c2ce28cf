import type { Identity } from '../auth/identity.ts'
import { type Answer, type Backend, BackendFailure, type SendOptions } from '../backend/backend.ts'
import { failureProblem } from '../backend/failure.ts'
import { atPointer, isObject, type JsonObject } from '../json.ts'
import { visible } from '../results/hidden.ts'
import { CredentialRefused, ProblemResult, retryAfterSeconds } from '../results/problem.ts'
import type { AccessCheck } from '../tools/catalog.ts'
import type { Tool } from '../tools/tools.ts'
import { sendAs } from './as-caller.ts'
import { buildRequest } from './request.ts'

function problemOf(answer: Answer, requestId: string) {
  let body: JsonObject = {}
  try {
    const parsed: unknown = JSON.parse(answer.body.toString('utf8'))
    if (isObject(parsed)) body = parsed
  } catch {
    // Not JSON: the status alone is told.
  }
  const retryAfter =
    typeof body.retryAfter === 'number' ? body.retryAfter : retryAfterSeconds(answer.headers['retry-after'])
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? visible(value) : otherwise)
  return {
    error: text(body.error ?? body.code, `http-${answer.status}`),
    message: text(
      body.message ?? body.detail ?? body.title,
      `The API answered ${answer.status} when asked for the caller's rights.`,
    ),
    status: answer.status,
    hint: text(
      body.hint,
      answer.status === 401 ? 'Give a valid credential.' : 'Try again later, or tell the operator.',
    ),
    retryable: answer.status === 429 || answer.status >= 500,
    ...(retryAfter !== undefined && { retryAfter }),
    requestId,
  }
}

/**
 * The scopes to ask about rights with. An API answers what person and token both allow, so the question takes all that
 * the caller's token holds for any tool: with less, tools would seem to be forbidden.
 */
function questionScopes({ scopes }: AccessCheck, tools: Tool[], granted: ReadonlySet<string> = new Set()): string[] {
  const known = tools.flatMap((tool) => tool.scopes).filter((scope) => granted.has(scope))
  return [...new Set([...scopes, ...known])]
}

/**
 * The actions that a caller may take, as the access operation answers. Throws CredentialRefused when what the caller
 * sent is not accepted, ProblemResult for any other failure: without an answer no tool is shown, and none is called.
 */
export async function askActions(
  { access, tools }: { access: AccessCheck; tools: Tool[] },
  identity: Identity,
  backend: Backend,
  options: Omit<SendOptions, 'credential'>,
): Promise<Set<string>> {
  let answer: Answer
  try {
    const request = buildRequest(access.operation, access.input, {})
    const scopes = questionScopes(access, tools, identity.scopes)
    answer = await sendAs(identity, scopes, backend, request, { ...options, repeatable: true })
  } catch (error) {
    if (error instanceof BackendFailure)
      throw new ProblemResult(failureProblem(error, options.requestId, { repeatable: true }))
    throw error
  }
  // What the API refused may be ours: then another token of the caller's would not help.
  if (answer.status === 401 && identity.isForwarded) throw new CredentialRefused(problemOf(answer, options.requestId))
  if (answer.status !== 200) throw new ProblemResult(problemOf(answer, options.requestId))
  let actions: unknown
  try {
    actions = atPointer(JSON.parse(answer.body.toString('utf8')), access.rule.actions)
  } catch {
    actions = undefined
  }
  if (!Array.isArray(actions)) {
    throw new ProblemResult({
      error: 'access-unreadable',
      message: `The API's answer about the caller's rights has no list at ${access.rule.actions}.`,
      hint: 'Tell the operator: "access.actions" of the curation file does not fit the API.',
      retryable: false,
      requestId: options.requestId,
    })
  }
  return new Set(actions.filter((action) => typeof action === 'string'))
}

/**
 * The tools whose action is among the caller's, in the catalog's order. The API still decides every call. With
 * `granted`, tools for which a token lacks scopes are among them: what its person may do there is not known yet.
 */
export function visibleTools(
  tools: Tool[],
  actions: Set<string> | undefined,
  granted?: ReadonlySet<string> | undefined,
): Tool[] {
  const isOffered = ({ scopes }: Tool) => granted !== undefined && scopes.some((scope) => !granted.has(scope))
  return tools.filter(
    (tool) => actions === undefined || tool.action === undefined || actions.has(tool.action) || isOffered(tool),
  )
}
