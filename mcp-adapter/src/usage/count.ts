import type { Caller } from '../calls/call.ts'
import type { UsageRecorder } from './record.ts'

/**
 * A caller whose calls are counted by tool. A call that waits for a person's answer counts when it comes back with it; one
 * that was cancelled counts, and is no error.
 */
export function countCalls(caller: Caller, recorder: UsageRecorder): Caller {
  /** What of the caller's own count of drift was noted before. */
  const noted = new Map<string, number>()

  function note(tool: string, error: boolean) {
    const drift = caller.drift.get(tool) ?? 0
    recorder.note(tool, { error, drift: drift - (noted.get(tool) ?? 0) })
    noted.set(tool, drift)
  }

  return {
    drift: caller.drift,
    async call(tool, args, options) {
      let error = false
      let waits = false
      try {
        const result = await caller.call(tool, args, options)
        error = result.isError === true
        waits = result.resultType === 'input_required'
        return result
      } finally {
        if (!waits) note(tool.name, error)
      }
    },
  }
}
