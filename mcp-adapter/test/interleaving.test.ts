import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, type ClientRequest, request as rawRequest } from 'node:http'
import { createInterface } from 'node:readline'
import t from 'tap'
import { connect, stdioCommand } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { start } from './start.ts'
import { MODERN_META } from './support.ts'

/** Two callers. The API repeats the token and the argument that a call came with. */
const CALLERS = [{ token: 'token-ada' }, { token: 'token-bob' }] as const
type Caller = (typeof CALLERS)[number]

/** How many calls of each caller are on their way at a time. */
const LANES = 8

/** What the API waits for, in turns of its loop: answers change places on their way. */
const TURNS = [0, 3, 1, 4, 2]

const routes = {
  'GET /api/v1/orders': async ({ url, headers }: { url: string; headers: { authorization?: string } }) => {
    const limit = new URL(url, 'http://api').searchParams.get('limit') ?? ''
    for (let turn = TURNS[Number(limit) % TURNS.length] ?? 0; turn > 0; turn--)
      await new Promise((resolve) => setTimeout(resolve, 1))
    return { body: { items: [], nextCursor: null, token: headers.authorization, asked: `<${limit}>` } }
  },
}

const limitOf = (number: number) => (number % 100) + 1

/** Whether an answer belongs to this caller and this call, and holds nothing of anybody else. */
function isTheirs(text: string, id: number, caller: Caller): boolean {
  const isNamed = new RegExp(`"id":${id}[,}]`).test(text)
  const others = CALLERS.some((each) => each !== caller && text.includes(each.token))
  return isNamed && !others && text.includes(`Bearer ${caller.token}`) && text.includes(`<${limitOf(id)}>`)
}

const paramsOf = (id: number, isModern: boolean) => ({
  name: 'list_orders',
  arguments: { limit: limitOf(id) },
  ...(isModern && { _meta: MODERN_META }),
})

interface Tally {
  right: number
  cancelled: number
  wrong: string[]
}

/** Ends the lanes of two callers when all their calls are done; the first wrong answer ends them too. */
async function interleave(count: number, call: (caller: Caller, number: number, tally: Tally) => Promise<void>) {
  const tally: Tally = { right: 0, cancelled: 0, wrong: [] }
  await Promise.all(
    CALLERS.flatMap((caller) => {
      let next = 0
      return Array.from({ length: LANES }, async () => {
        while (next < count / 2 && tally.wrong.length === 0) await call(caller, next++, tally)
      })
    }),
  )
  return tally
}

for (const version of ['2025-11-25', '2026-07-28']) {
  t.test(
    `${version}: 4,200 calls of two clients with the same ids over HTTP, some cancelled, each get their own`,
    async (t) => {
      const isModern = version === '2026-07-28'
      const { adapter } = await start(t, routes as never)
      const agent = new Agent({ keepAlive: true })
      const headersOf = ({ token }: Caller) => ({
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${token}`,
        'mcp-protocol-version': version,
        ...(isModern && { 'mcp-method': 'tools/call', 'mcp-name': 'list_orders' }),
      })
      function post(caller: Caller, id: number, onSent: (request: ClientRequest) => void): Promise<string> {
        return new Promise((resolve, reject) => {
          const request = rawRequest(adapter.url, { method: 'POST', agent, headers: headersOf(caller) }, (response) => {
            let text = ''
            response.setEncoding('utf8').on('data', (chunk: string) => {
              text += chunk
            })
            response.on('end', () => resolve(text)).on('error', reject)
          })
          request.on('error', reject)
          const params = paramsOf(id, isModern)
          request.end(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }), () => onSent(request))
        })
      }
      const tally = await interleave(4200, async (caller, number, tally) => {
        const cancels = number % 20 === 7
        // The order in which things happen differs: some leave at once, and some when the API has been asked.
        const answer = post(caller, number, (request) => {
          if (cancels) setTimeout(() => request.destroy(new Error('cancelled')), number % 3)
        }).catch((error: Error) => error.message)
        const text = await answer
        if (cancels && text === 'cancelled') tally.cancelled += 1
        else if (isTheirs(text, number, caller)) tally.right += 1
        else tally.wrong.push(text)
      })
      agent.destroy()
      t.same(tally.wrong, [])
      t.equal(tally.right + tally.cancelled, 4200)
      t.ok(tally.right > 3900, `${tally.right} answered, ${tally.cancelled} cancelled`)
    },
  )
}

/** A stdio server of a caller, spoken to in lines. */
function startServer(api: string, { token }: Caller) {
  const { command, args, env } = stdioCommand(api, token)
  const child: ChildProcess = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] })
  const waiting = new Map<number, (line: string) => void>()
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const { id } = JSON.parse(line) as { id: number }
    waiting.get(id)?.(line)
    waiting.delete(id)
  })
  const write = (message: object) => child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  return {
    ask: (id: number, method: string, params: object) =>
      new Promise<string>((resolve) => {
        waiting.set(id, resolve)
        write({ id, method, params })
      }),
    tell: (method: string, params: object) => write({ method, params }),
    forget: (id: number) => waiting.delete(id),
    async stop() {
      const gone = once(child, 'exit')
      child.stdin?.end()
      await gone
    },
  }
}

t.test('1,600 calls of two clients with the same ids over stdio, some cancelled, each get their own', async (t) => {
  const { backend } = await start(t, routes as never)
  const servers = new Map(CALLERS.map((caller) => [caller, startServer(backend.url, caller)]))
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  for (const server of servers.values()) {
    await server.ask(1_000_000, 'initialize', hello)
    server.tell('notifications/initialized', {})
  }
  const tally = await interleave(1600, async (caller, number, tally) => {
    const server = servers.get(caller) as ReturnType<typeof startServer>
    const answer = server.ask(number, 'tools/call', paramsOf(number, false))
    if (number % 20 === 7) {
      // A cancelled request may stay without an answer (MCP, cancellation), so nobody waits for one.
      server.tell('notifications/cancelled', { requestId: number })
      tally.cancelled += 1
      return
    }
    const text = await answer
    if (isTheirs(text, number, caller)) tally.right += 1
    else tally.wrong.push(text)
  })
  await Promise.all([...servers.values()].map((server) => server.stop()))
  t.same(tally.wrong, [])
  t.equal(tally.right, 1520)
})

for (const flavour of FLAVOURS) {
  t.test(`${flavour}: two SDK clients at once each get their own`, async (t) => {
    const { adapter } = await start(t, routes as never)
    const clients = new Map(
      await Promise.all(
        CALLERS.map(async (caller) => [caller, await connect(t, adapter.url, flavour, caller.token)] as const),
      ),
    )
    const tally = await interleave(200, async (caller, number, tally) => {
      const result = await clients.get(caller)?.call('list_orders', { limit: limitOf(number) })
      const text = `"id":${number},${JSON.stringify(result)}`
      if (isTheirs(text, number, caller)) tally.right += 1
      else tally.wrong.push(text)
    })
    t.same(tally.wrong, [])
    t.equal(tally.right, 200)
  })
}
