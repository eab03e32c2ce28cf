import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { visible } from '../results/hidden.ts'

/** What a command reads and writes besides files. */
export interface Io {
  /** Results. JSON as it is; text for people by `tell`. */
  out(text: string): void
  /** Everything else. */
  error(text: string): void
  /** All of stdin. */
  input(): Promise<string>
  /** Asks the person at the terminal; absent where there is none. */
  ask?: (question: string) => Promise<string>
}

/** This process's own streams. Nobody is asked unless stdin is a terminal. */
export function processIo(): Io {
  return {
    out: (written) => void process.stdout.write(written),
    error: (written) => void process.stderr.write(written),
    input: () => text(process.stdin),
    ...(process.stdin.isTTY && {
      async ask(question: string) {
        // The question goes to stderr: stdout is the result's alone.
        const terminal = createInterface({ input: process.stdin, output: process.stderr })
        const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
        const answer = await Promise.race([terminal.question(question), closed])
        terminal.close()
        return answer
      },
    }),
  }
}

/** Text for people without what a terminal would obey: documents and answers come from elsewhere. */
export const printable = (written: string) => visible(written).replaceAll('\r', '')

/** Prints text for people. */
export const tell = (io: Io, written: string) => io.out(printable(written))

/** A value as the JSON that `--json` prints. */
export const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
