import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Agent, request as fetchFrom } from 'undici'
import { createPublicConnector, isPrivateAddress, publicLookup } from '../src/addresses.ts'
import type { Answer, Backend } from '../src/backend/backend.ts'
import { createBackends } from '../src/backend/backends.ts'
import { createTokenBucket } from '../src/backend/token-bucket.ts'
import { readDocument } from '../src/document/read.ts'
import { createApi } from '../src/tools/api.ts'
import { until } from './until.ts'

const document = (title: string) => readDocument({ openapi: '3.1.0', info: { title }, paths: {} }, 'd')
const api = (name: string, url: string, section: object = {}) =>
  createApi(document(url), url, { name, section: { openapi: 'd', ...section } })

/** Clients that note what becomes of them; a request is answered when `release` says so. */
function clients() {
  const closed: string[] = []
  let release = (_: Answer) => {}
  const make = ({ name, baseUrl }: { name: string; baseUrl: string }): Backend => {
    const traffic = { inFlight: 0, sent: 0 }
    return {
      timeoutMs: 1000,
      retries: createTokenBucket({ capacity: 1, perSecond: 1 }),
      credential: { usesCaller: false, isOwn: false },
      traffic,
      async send() {
        traffic.inFlight += 1
        traffic.sent += 1
        const answer = await new Promise<Answer>((resolve) => {
          release = resolve
        })
        traffic.inFlight -= 1
        return answer
      },
      close: async () => void closed.push(`${name} ${baseUrl}`),
    }
  }
  const backends = createBackends(make, 0)
  return { backends, closed, release: () => release({ status: 204, headers: {}, body: Buffer.of() }) }
}

const request = { method: 'GET', path: '/', headers: {} }
const token = { token: 't' }
const options = { requestId: 'r', signal: new AbortController().signal }

t.test('an API that is reached as before keeps its client, whatever else its section says', async (t) => {
  const { backends, closed } = clients()
  const [east, west] = [api('east', 'http://e/'), api('west', 'http://w/')]
  const before = [backends.of(east), backends.of(west)]
  const next = api('east', 'http://e/', { access: { operation: 'other' }, openapi: 'e', overlays: ['o'] })
  const moved = api('west', 'http://w/', { timeoutMs: 5 })
  backends.replace([next, moved])
  t.equal(backends.of(next), before[0])
  t.not(backends.of(moved), before[1])
  await until('the old client of the west to close', () => closed.length > 0)
  t.same(closed, ['west http://w/'])
  await backends.close()
  t.equal(closed.length, 3)
})

t.test('the client of an API that is gone is closed after its calls in flight, and not before', async (t) => {
  const { backends, closed, release } = clients()
  const gone = api('gone', 'http://g/')
  const call = backends.of(gone).send(request, token, options)
  backends.replace([])
  await new Promise((resolve) => setTimeout(resolve))
  t.same(closed, [])
  release()
  t.equal((await call).status, 204)
  await until('it to close', () => closed.length > 0)
  // A call that began before may still come: a poll that waits, say.
  const late = backends.of(gone).send(request, token, options)
  release()
  t.equal((await late).status, 204)
  await until('that one to close too', () => closed.length > 1)
})

t.test('private, loopback, link-local, mapped and reserved addresses are private; others are not', async (t) => {
  for (const ip of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.100.100.200',
    '0.0.0.0',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'not an address',
  ])
    t.ok(isPrivateAddress(ip), ip)
  for (const ip of ['1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'])
    t.notOk(isPrivateAddress(ip), ip)
})

t.test('a name that leads to a private address is refused, whatever else it leads to', async (t) => {
  for (const all of [true, false])
    await new Promise<void>((resolve) => {
      publicLookup('localhost', { all }, (error) => {
        t.equal((error as NodeJS.ErrnoException | null)?.code, 'EPRIVATE')
        resolve()
      })
    })
})

t.test('no connection is made to a private address, by name, by number, or in any notation', async (t) => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.end()
  }).listen(0)
  const agent = new Agent({ connect: createPublicConnector() })
  t.teardown(async () => {
    await agent.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  for (const host of ['localhost', '127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0']) {
    await t.rejects(fetchFrom(`http://${host}:${port}/`, { dispatcher: agent }), { code: 'EPRIVATE' }, host)
  }
  t.equal(asked, 0)
})
