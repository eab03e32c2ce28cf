import type { Identity } from '../auth/identity.ts'
import { type Answer, type Backend, BackendFailure, type SendOptions } from '../backend/backend.ts'
import { failureProblem } from '../backend/failure.ts'
import { atPointer, isObject, type JsonObject } from '../json.ts'
import { visible } from '../results/hidden.ts'
import { CredentialRefused, ProblemResult, retryAfterSeconds } from '../results/problem.ts'
import type { AccessCheck, Api } from '../tools/api.ts'
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
function questionScopes(
  { scopes }: AccessCheck,
  toolScopes: readonly string[],
  granted: ReadonlySet<string> = new Set(),
): string[] {
  return [...new Set([...scopes, ...toolScopes.filter((scope) => granted.has(scope))])]
}

/**
 * The actions that a caller may take with one API, as its access operation answers. Throws CredentialRefused when what the caller
 * sent is not accepted, ProblemResult for any other failure: without an answer no tool is shown, and none is called.
 */
export async function askActions(
  { access, toolScopes }: Pick<Api, 'toolScopes'> & { access: AccessCheck },
  identity: Identity,
  backend: Backend,
  options: Omit<SendOptions, 'credential'>,
): Promise<Set<string>> {
  let answer: Answer
  try {
    const request = buildRequest(access.operation, access.input, {})
    const scopes = questionScopes(access, toolScopes, identity.scopes)
    answer = await sendAs(identity, scopes, backend, request, { ...options, repeatable: true })
  } catch (error) {
    if (error instanceof BackendFailure)
      throw new ProblemResult(failureProblem(error, options.requestId, { repeatable: true }), error)
    throw error
  }
  // What the API refused may be ours: then another token of the caller's would not help.
  if (answer.status === 401 && identity.isForwarded && backend.credential.usesCaller)
    throw new CredentialRefused(problemOf(answer, options.requestId))
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
 * Whether a caller with these actions sees a tool; undefined actions: the API has no access rule. The API still decides
 * every call. With `granted`, a tool for which a token lacks scopes is seen: what its person may do there is not known
 * yet.
 */
export function isVisible(
  { action, scopes }: Pick<Tool, 'action' | 'scopes'>,
  actions: ReadonlySet<string> | undefined,
  granted?: ReadonlySet<string> | undefined,
): boolean {
  if (actions === undefined || action === undefined || actions.has(action)) return true
  return granted !== undefined && scopes.some((scope) => !granted.has(scope))
}
