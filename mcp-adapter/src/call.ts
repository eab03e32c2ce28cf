import { type Backend, BackendFailure, causeOf } from './backend.ts'
import type { JsonObject } from './json.ts'
import type { Log } from './log.ts'
import { ProblemResult } from './problem.ts'
import { buildRequest } from './request.ts'
import { type CallResult, type Era, errorResult, failureProblem, mapAnswer } from './result.ts'
import type { Tool } from './tools.ts'
import { checkArguments } from './validate-arguments.ts'

export interface CallOptions {
  credential: string
  forwardedFor?: string
  era: Era
  requestId: string
  traceparent?: string
  signal: AbortSignal
}

export interface Caller {
  /** Checks the arguments, sends one request, maps its answer. Throws only when the call was cancelled. */
  call(tool: Tool, args: JsonObject, options: CallOptions): Promise<CallResult>
  /** How often each tool's answers departed from the document since the start. */
  drift: ReadonlyMap<string, number>
}

/** Calls tools against one API. Arguments, answers and credentials are never logged. */
export function createCaller(backend: Backend, log: Log): Caller {
  const drift = new Map<string, number>()

  function noteDrift(tool: Tool, requestId: string, where: string) {
    const count = (drift.get(tool.name) ?? 0) + 1
    drift.set(tool.name, count)
    log.warn({ tool: tool.name, requestId, where, count }, 'the answer departs from the OpenAPI document')
  }

  async function call(tool: Tool, args: JsonObject, options: CallOptions): Promise<CallResult> {
    const { era, requestId } = options
    const started = performance.now()
    const note = (outcome: object) => {
      log.info({ tool: tool.name, requestId, ms: Math.round(performance.now() - started), ...outcome }, 'tool call')
    }
    const wrong = checkArguments(tool.checkArguments, args)
    if (wrong) {
      note({ error: wrong.error })
      return errorResult(wrong, era, tool)
    }
    try {
      const answer = await backend.send(buildRequest(tool.operation, tool.input, args), options)
      const mapped = mapAnswer(tool, answer, era, requestId)
      if (mapped.drift) noteDrift(tool, requestId, mapped.drift)
      note({ status: answer.status })
      return mapped.result
    } catch (error) {
      if (error instanceof ProblemResult) {
        note({ error: error.problem.error })
        return errorResult(error.problem, era, tool)
      }
      if (error instanceof BackendFailure) {
        const problem = failureProblem(error, tool.published.annotations.idempotentHint, requestId)
        note({ error: problem.error, cause: causeOf(error) })
        return errorResult(problem, era, tool)
      }
      throw error
    }
  }
  return { call, drift }
}
