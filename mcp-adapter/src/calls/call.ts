import type { InputRequiredResult } from '@modelcontextprotocol/server'
import type { Identity } from '../auth/identity.ts'
import { type Answer, BackendFailure, causeOf } from '../backend/backend.ts'
import type { Backends } from '../backend/backends.ts'
import { failureProblem } from '../backend/failure.ts'
import type { RetryOptions } from '../backend/retry.ts'
import type { Cancellation } from '../cancellation.ts'
import type { JsonObject } from '../json.ts'
import type { Log } from '../log.ts'
import { ProblemResult } from '../results/problem.ts'
import { type CallResult, type Era, errorResult, type Mapping, mapAnswer } from '../results/result.ts'
import type { Tool } from '../tools/tools.ts'
import { checkArguments } from '../tools/validate-arguments.ts'
import { sendAs } from './as-caller.ts'
import { confirm, type Exchange } from './confirm.ts'
import type { ConfirmationStates } from './confirmation-state.ts'
import type { CostLimit } from './cost.ts'
import { type Followed, follow } from './follow.ts'
import type { Progress } from './poll.ts'
import { type Prepared, prepareCall } from './prepare.ts'

interface CallOptions extends Omit<Exchange, 'owner'> {
  identity: Identity
  forwardedFor?: string | undefined
  era: Era
  requestId: string
  traceparent?: string | undefined
  tracestate?: string | undefined
  signal: Cancellation
  /** Tells how far the call is; undefined: nobody wants to know. */
  report?: ((progress: Progress) => Promise<void>) | undefined
  /** The tool of the same API that stands for an operation. */
  find?(operationId: string): Tool | undefined
  /** What the result may lead to. */
  delivery?: Pick<Mapping, 'args' | 'keep' | 'whole'>
}

export interface Caller {
  /**
   * Checks the arguments, asks a person where that is wanted, sends the request, maps its answer. Throws only when the
   * call was cancelled.
   */
  call(tool: Tool, args: JsonObject, options: CallOptions): Promise<CallResult | InputRequiredResult>
  /** How often each tool's answers departed from the document since the start. */
  drift: ReadonlyMap<string, number>
}

/** What calls have in common. */
interface CallerSettings {
  backends: Backends
  states: ConfirmationStates
  costs: CostLimit
  log: Log
}

/** Whether the answer only says that the operation has begun. An approval is waited for by people. */
function isBegun({ input, api }: Tool, { status, headers }: Answer): boolean {
  if (status < 200 || status >= 300) return false
  return input.roles.approval === undefined || api.approvals?.place.test(headers.location ?? '') !== true
}

/** What a result says, and what is logged of it. */
type Ended = Pick<Followed, 'result' | 'drift'> & { outcome?: object }

/** Calls tools, each against its own API. Arguments, answers and credentials are never logged. */
export function createCaller({ backends, states, costs, log }: CallerSettings): Caller {
  const drift = new Map<string, number>()

  function noteDrift(tool: Tool, requestId: string, where: string) {
    const count = (drift.get(tool.name) ?? 0) + 1
    drift.set(tool.name, count)
    log.warn({ tool: tool.name, requestId, where, count }, 'the answer departs from the OpenAPI document')
  }

  function noteRetry(tool: Tool, requestId: string, attempt: number, outcome: Answer | BackendFailure) {
    const cause = outcome instanceof BackendFailure ? causeOf(outcome) : `status ${outcome.status}`
    log.warn({ tool: tool.name, requestId, attempt, cause }, 'the request is sent again')
  }

  async function call(tool: Tool, args: JsonObject, options: CallOptions): Promise<CallResult | InputRequiredResult> {
    const { era, requestId, identity, signal, forwardedFor, traceparent, tracestate, report, delivery } = options
    const started = performance.now()
    const note = (outcome: object) => {
      log.info({ tool: tool.name, requestId, ms: Math.round(performance.now() - started), ...outcome }, 'tool call')
    }
    const wrong = checkArguments(tool.checkArguments, args)
    if (wrong) {
      note({ error: wrong.error })
      return errorResult(wrong, era, tool)
    }
    let prepared: Prepared | undefined
    try {
      prepared = prepareCall(tool, args)
      // Without the SDK's side nobody can be asked, and nobody was.
      if (options.context) {
        const confirmed = await confirm(states, tool, args, prepared, { ...options, owner: identity.owner })
        if (confirmed.ask) {
          note({ asked: true })
          return confirmed.ask
        }
        if (confirmed.key !== undefined) prepared = prepareCall(tool, args, confirmed.key)
      }
      const { request, key, repeatable, dryRun } = prepared
      const { api, poll } = tool
      costs.charge(identity.owner, tool.cost)
      const until = performance.now() + (tool.timeoutMs ?? api.timeoutMs)
      const sending: RetryOptions = {
        forwardedFor,
        requestId,
        traceparent,
        tracestate,
        signal,
        until,
        repeatable,
        onRetry: (attempt, outcome) => noteRetry(tool, requestId, attempt, outcome),
      }
      const answer = await sendAs(identity, tool.scopes, backends.of(api), request, sending)
      let ended: Ended | undefined
      if (poll && !dryRun && isBegun(tool, answer))
        ended = await follow(tool, poll, answer, {
          era,
          requestId,
          signal,
          report,
          delivery,
          until,
          // Asked for anew each time: a reload may have closed the client of an API while nothing was sent.
          send: (wanted) =>
            sendAs(identity, poll.reader.scopes, backends.of(api), wanted, { ...sending, repeatable: true }),
          readWith: options.find?.(poll.reader.operation.id),
        })
      ended ??= mapAnswer(tool, answer, {
        era,
        requestId,
        key,
        approvals: api.approvals,
        args: delivery?.args,
        keep: delivery?.keep,
        whole: delivery?.whole,
      })
      if (ended.drift) noteDrift(tool, requestId, ended.drift)
      if (ended.outcome) note(ended.outcome)
      else {
        const { status } = answer
        log.info({ tool: tool.name, requestId, ms: Math.round(performance.now() - started), status }, 'tool call')
      }
      return ended.result
    } catch (error) {
      if (error instanceof ProblemResult) {
        note({ error: error.problem.error })
        return errorResult(error.problem, era, tool)
      }
      if (error instanceof BackendFailure) {
        const repeatable =
          tool.published.annotations.idempotentHint || prepared?.repeatable || prepared?.dryRun || false
        const problem = failureProblem(error, requestId, { repeatable, tool, key: prepared?.key })
        note({ error: problem.error, cause: causeOf(error) })
        return errorResult(problem, era, tool)
      }
      throw error
    }
  }
  return { call, drift }
}
