import {
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { JsonObject } from '../json.ts'
import { ProblemResult } from '../results/problem.ts'
import type { Tool } from '../tools/tools.ts'
import { type ConfirmationStates, type Refusal, StateRefused } from './confirmation-state.ts'
import type { Prepared } from './prepare.ts'
import { question } from './question.ts'

/** The side of a call that may ask a person. */
export interface Exchange {
  /** Tells callers apart: an answer counts for the one who was asked. */
  owner: string
  /** The client can show a form, and there is a way to get its answer. */
  canAsk: boolean
  /** The SDK's side of the request, without which nobody can be asked. */
  context?: ServerContext | undefined
}

const REFUSALS: Record<Refusal, string> = {
  forged: 'The confirmation is not one that was asked for here.',
  expired: 'The confirmation came too late.',
  'other-call': 'The confirmation was given for another call.',
  used: 'The confirmation was used before.',
}

function refuse(error: string, message: string, hint: string): never {
  throw new ProblemResult({ error, message: `${message} Nothing was sent.`, hint, retryable: false })
}

/** What a question is about: a tool, by what it does as well as by its name, because a new curation may change that. */
const actOf = ({ name, api, operation }: Tool) => [name, api.name, operation.method, operation.path].join(' ')

async function answered(
  states: ConfirmationStates,
  tool: Tool,
  args: JsonObject,
  { owner, context }: { owner: string; context: ServerContext },
  state: string,
): Promise<{ key?: string }> {
  const { inputResponses } = context.mcpReq
  try {
    const { nonce, key } = await states.open(state, { owner, tool: actOf(tool), args }, context)
    const answer = inputResponse(inputResponses, 'confirm')
    if (answer.kind !== 'elicit')
      return refuse('confirmation-missing', 'The answer to the question did not come with the call.', 'Call again.')
    states.use(nonce)
    if (answer.action === 'accept' && answer.content?.confirm === true) return key === undefined ? {} : { key }
    return refuse(
      'declined',
      'The person did not confirm this call.',
      'Do not call again unless they ask for it. Ask them what they want instead.',
    )
  } catch (error) {
    if (!(error instanceof StateRefused)) throw error
    return refuse(
      'confirmation-refused',
      REFUSALS[error.reason],
      'Call again without it, and the person is asked anew.',
    )
  }
}

/**
 * Asks a person before a tool acts, where the tool wants it and the client can. It is a courtesy, not authority: a
 * client that cannot ask is not kept from calling, and the API decides either way.
 *
 * Returns `ask` for the client to answer (MCP 2026-07-28, input_required; the SDK turns it into elicitation/create for
 * an earlier client), or `key`, the key that the confirmed call was given when it was asked about. Throws ProblemResult:
 * `declined`, `confirmation-refused`, `confirmation-missing`.
 */
export async function confirm(
  states: ConfirmationStates,
  tool: Tool,
  args: JsonObject,
  prepared: Prepared,
  exchange: Exchange,
): Promise<{ ask?: InputRequiredResult; key?: string }> {
  const { owner, context } = exchange
  const state = context?.mcpReq.requestState<string>()
  // A state is never passed over: a client that could ask a moment ago must not get past a refusal by saying it cannot.
  if (context && state !== undefined) return answered(states, tool, args, { owner, context }, state)
  if (!tool.confirm || prepared.dryRun || !exchange.canAsk || !context) return {}
  const asked = { owner, tool: actOf(tool), args }
  const form = inputRequired.elicit({
    mode: 'form',
    message: question(tool, args),
    requestedSchema: {
      type: 'object',
      properties: { confirm: { type: 'boolean', title: 'Yes, do this', default: false } },
      required: ['confirm'],
    },
  })
  return {
    ask: inputRequired({ inputRequests: { confirm: form }, requestState: await states.seal(asked, prepared.key) }),
  }
}
