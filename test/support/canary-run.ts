import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { stderrLog } from '../../mcp-adapter/src/log.ts'
import { createCanaries, SHAPES, type Shape } from './canaries.ts'
import { type Said, send, startEdge } from './edge.ts'
import { samplesOf } from './samples.ts'
import { UNKNOWN_ID } from './service.ts'

/** Which of the secrets may be told, by the label of where it was put in. */
export type Forgive = (label: string) => boolean

/** A caller's own name for something is told back to them, unless it looks like a secret. */
export const isWord: Forgive = (label) => label.endsWith('(word)')
/** The id of a request is given back and logged so that it can be found: it is no place for words of one's own. */
export const isRequestId: Forgive = (label) => label.includes('x-request-id') && isWord(label)
/** The trail has the tool that an adapter says it calls for. */
const isToolName: Forgive = (label) => label.includes('handrail-tool') && isWord(label)
/** What somebody names a thing with names it in the trail, unless it is refused for looking like a secret. */
const isIdentifier: Forgive = (label) => /^create(Channel id|Product sku) \((card|word)\)$/.test(label)

/** The whole service at its most talkative, and secrets to send through it. */
export async function startCanaryRun(t: Test) {
  const stderr: string[] = []
  const { write } = process.stderr
  process.stderr.write = ((chunk: unknown) => stderr.push(String(chunk)) > 0) as typeof write
  t.teardown(() => {
    process.stderr.write = write
  })
  const edge = await startEdge(t, { logLevel: 'trace', adapterLog: stderrLog() })
  const { service } = edge
  await service.storage.db.product.updateMany({ data: { stock: 10_000 } })
  const operations = samplesOf(service.document)
  const canaries = createCanaries()
  const echoed: string[] = []

  return {
    edge,
    operations,
    canaries,
    /** A path of each operation, of things that are not there. */
    paths: operations.map(({ method, path }) => ({
      method,
      path: `/api/v1${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'sku' ? 'LAMP' : UNKNOWN_ID))}`,
    })),
    send(method: string, path: string, headers: Record<string, string | string[]> = {}, body?: string) {
      const own = {
        authorization: `Bearer ${service.keys.admin}`,
        'idempotency-key': randomUUID(),
        'if-match': '"1"',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      }
      return send(`${edge.api}${path}`, method, { headers: { ...own, ...headers }, body })
    },
    /** Looks for secrets of these inputs in an answer, headers and all. */
    judge({ text, headers }: Omit<Said, 'message'>, inputs: RegExp, forgiven: Forgive = () => false) {
      const whole = `${text} ${JSON.stringify(headers)}`
      const told = canaries.in(whole).filter((label) => inputs.test(label) && !forgiven(label))
      for (const label of told) echoed.push(`${label}: ${whole.slice(0, 300)}`)
    },
    /** What `judge` found since it was asked. */
    echoes: () => echoed.splice(0),
    eachShape: async (work: (shape: Shape) => Promise<void>) => {
      for (const shape of SHAPES) await work(shape)
    },
    /** @returns the inputs whose secrets are in a log, on stderr or in the trail, and how much was looked through */
    async sinks() {
      const places = {
        log: JSON.stringify(service.log),
        stderr: stderr.join(''),
        trail: JSON.stringify(await service.storage.db.auditEntry.findMany()),
      }
      const leaks = Object.entries(places).flatMap(([place, text]) =>
        canaries
          .in(text)
          .filter((label) => !isRequestId(label) && !isToolName(label) && !isIdentifier(label))
          .map((label) => `${place}: ${label}`),
      )
      return { leaks, sizes: Object.values(places).map(({ length }) => length) }
    },
  }
}
