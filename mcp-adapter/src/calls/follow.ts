import { type Answer, BackendFailure } from '../backend/backend.ts'
import type { Cancellation } from '../cancellation.ts'
import type { JsonObject } from '../json.ts'
import { type Problem, ProblemResult } from '../results/problem.ts'
import { type CallResult, type Era, errorResult, type Mapping, mapAnswer } from '../results/result.ts'
import type { Poll } from '../tools/poll.ts'
import type { Tool } from '../tools/tools.ts'
import { type Progress, readerArguments, waitForEnd } from './poll.ts'
import type { HttpRequest } from './request.ts'

export interface FollowOptions {
  era: Era
  requestId: string
  /** Reads as the caller. */
  send(request: HttpRequest): Promise<Answer>
  /** By performance.now(). */
  until: number
  signal: Cancellation
  report?: ((progress: Progress) => Promise<void>) | undefined
  /** The tool that a model can read the state with. */
  readWith?: Tool | undefined
  delivery?: Pick<Mapping, 'keep'> | undefined
}

/** The result of an operation that was waited for, and what is logged of it. */
export interface Followed {
  result: CallResult
  drift?: string
  outcome: object
}

/** What a model does next when an operation goes on. */
function nextStep(readWith: Tool | undefined, args: JsonObject): string {
  const look = readWith ? `read its state with ${readWith.name} ${JSON.stringify(args)}` : 'look at its state later'
  return `Do not call this again: ${look}.`
}

function stillRunning(
  tool: Tool,
  { era, requestId, readWith }: FollowOptions,
  args: JsonObject,
  why: string,
): Followed {
  const problem: Problem = {
    error: 'still-running',
    message: `The request was accepted, and ${why}.`,
    hint: nextStep(readWith, args),
    retryable: false,
    requestId,
  }
  return { result: errorResult(problem, era, tool), outcome: { error: problem.error } }
}

/**
 * Waits for the end of an operation that was accepted. Undefined when the answer does not tell where its state is: then
 * it is the result. After the deadline the last state is the result, with a note that it goes on.
 */
export async function follow(
  tool: Tool,
  poll: Poll,
  accepted: Answer,
  options: FollowOptions,
): Promise<Followed | undefined> {
  const args = readerArguments(poll, accepted)
  if (args === undefined) return undefined
  const { era, requestId, readWith, delivery: { keep } = {} } = options
  try {
    const waited = await waitForEnd(poll, { accepted, args }, options)
    if (!waited.answer) return stillRunning(tool, options, args, 'it still runs')
    const { result, drift } = mapAnswer(poll.reader, waited.answer, { era, requestId, ...(keep && { keep }) })
    const { status } = waited.answer
    if (!waited.isDone || status >= 300) {
      const what = waited.isDone ? 'The request was accepted, but its state could not be read' : 'This still runs'
      const text = `${what}. ${nextStep(readWith, args)}`
      const content = [{ type: 'text' as const, text }, ...result.content]
      return { result: { ...result, content }, ...(drift && { drift }), outcome: { status, running: !waited.isDone } }
    }
    return { result, ...(drift && { drift }), outcome: { status } }
  } catch (error) {
    if (error instanceof BackendFailure || error instanceof ProblemResult)
      return stillRunning(tool, options, args, 'its state could not be read')
    throw error
  }
}
