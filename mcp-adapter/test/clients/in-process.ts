import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { runStdio } from '../../src/serve/stdio.ts'
import { memoryLog } from '../support.ts'

type StdioOptions = Omit<Parameters<typeof runStdio>[0], 'log' | 'stop' | 'streams'>

/**
 * A stdio server in this process, as the transport of a client of either SDK. It costs a tenth of a process of its own,
 * and speaks the same lines; that the command does so over its own stdin and stdout is what stdio.test.ts shows.
 */
export function startStdio(options: StdioOptions) {
  const input = new PassThrough()
  const output = new PassThrough()
  const log = memoryLog().log
  const ended = runStdio({ ...options, log, stop: new AbortController().signal, streams: { input, output } })
  const transport = {
    onmessage: undefined as ((message: unknown) => void) | undefined,
    onclose: undefined as (() => void) | undefined,
    async start() {
      createInterface({ input: output }).on('line', (line) => transport.onmessage?.(JSON.parse(line)))
    },
    async send(message: unknown) {
      input.write(`${JSON.stringify(message)}\n`)
    },
    async close() {
      input.end()
      await ended
      transport.onclose?.()
    },
  }
  return transport
}
