import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { createBackend } from '../backend/backend.ts'
import { createBackends } from '../backend/backends.ts'
import { readDocument } from '../document/read.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { createApi } from '../tools/api.ts'
import { buildTools } from '../tools/build-tools.ts'
import type { Catalog } from '../tools/catalog.ts'
import { createHttpEndpoint } from './http.ts'
import { createServices } from './server.ts'

/** The API of the rehearsal: one operation of each kind that is common. */
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Rehearsal', version: '1' },
  paths: {
    '/things/{thing}': {
      get: {
        operationId: 'getThing',
        parameters: [
          { name: 'thing', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'expand', in: 'query', schema: { type: 'string', enum: ['parts', 'all'] } },
        ],
        responses: {
          200: {
            description: 'A thing.',
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  required: ['id'],
                  properties: {
                    id: { type: 'string' },
                    price: { type: 'number' },
                    note: { type: ['string', 'null'] },
                    parts: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
}
const THING = JSON.stringify({ id: 'one', price: 9.5, note: null, parts: [{ name: 'left' }, { name: 'right' }] })

const VERSION = '2026-07-28'
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientInfo': { name: 'rehearsal', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A call as a client of that era sends it. */
function callOf(isModern: boolean): string {
  const params = { name: 'get_thing', arguments: { thing: 'one', expand: 'all' }, ...(isModern && { _meta: META }) }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  const head = [
    'POST /mcp HTTP/1.1',
    'host: localhost',
    'authorization: Bearer rehearsal',
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    ...(isModern ? [`mcp-protocol-version: ${VERSION}`, 'mcp-method: tools/call', 'mcp-name: get_thing'] : []),
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** A connection to a server that listens nowhere. */
function connectTo(server: Server): Duplex {
  const [ours, theirs] = duplexPair()
  server.emit('connection', theirs)
  return ours
}

/** Sends calls one after the other until `end`, as a time of `performance`. Throws where one is not answered. */
async function converse(connection: Duplex, calls: readonly string[], end: number): Promise<void> {
  let settle: (answer: string) => void = () => {}
  connection.setEncoding('latin1')
  connection.on('data', (data: string) => settle(data))
  connection.on('close', () => settle(''))
  let index = 0
  do {
    const answered = new Promise<string>((resolve) => {
      settle = resolve
    })
    connection.write(calls[index++ % calls.length])
    const answer = await answered
    if (!answer.startsWith('HTTP/1.1 200') || !answer.includes('structuredContent')) throw new Error('no answer')
  } while (performance.now() < end)
}

/**
 * Few calls at a time: V8 learns now which objects live long, while its young generation is still small. Of eight calls
 * at once most would be alive at each collection, and their like be allocated among the old ones for good.
 */
const LANES = 2
const LASTS_MS = 140
/** What takes longer than this would keep clients waiting for nothing. */
const LONGEST_MS = 1000
const silent: Log = { info() {}, warn() {}, error() {} }

/** A catalog of the one operation. */
function rehearsalCatalog(): Catalog {
  const api = createApi(readDocument(DOCUMENT, 'rehearsal'), 'http://localhost')
  const { tools } = buildTools([api], { tools: [{ operation: 'getThing' }] }, () => {})
  return {
    server: { name: 'rehearsal', version: '1' },
    apis: [api],
    tools,
    byName: new Map(tools.map((tool) => [tool.name, tool])),
    leftOut: [],
    sources: { files: [], urls: [] },
  }
}

async function rehearse(): Promise<void> {
  const end = performance.now() + LASTS_MS
  const things = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(THING)
  })
  const catalog = rehearsalCatalog()
  const backends = createBackends(({ baseUrl, maxResponseBytes }) =>
    createBackend(baseUrl, {
      timeoutMs: LONGEST_MS,
      maxResponseBytes,
      // undici wants its connection later than it asks for it.
      connect: (_options, callback) => void setImmediate(() => callback(null, connectTo(things) as Socket)),
    }),
  )
  const services = createServices(catalog, { log: silent, reloads: false, backends })
  const options = { allowedHosts: [], allowedOrigins: [], anonymous: false, maxInFlight: LANES, lean: true }
  const { server } = createHttpEndpoint(services, options)
  const calls = [callOf(true), callOf(false)]
  const connections = Array.from({ length: LANES }, () => connectTo(server))
  const hangUp = () => {
    for (const each of connections) each.destroy()
  }
  const late = setTimeout(hangUp, LONGEST_MS)
  try {
    await Promise.all(connections.map((each) => converse(each, calls, end)))
  } finally {
    clearTimeout(late)
    hangUp()
    await backends.close()
  }
}

let rehearsed: Promise<void> | undefined

/**
 * Rehearses calls for 0.14 s, so that the first ones of real clients find the code compiled. All of it
 * happens inside this process: a server that listens nowhere, an API of its own, no port, no file, no credential. Once
 * for a process. It never fails: what it does not warm is cold, and no more.
 */
export function warmUp(log: Log): Promise<void> {
  rehearsed ??= rehearse().catch((error: unknown) => log.warn({ error: messageOf(error) }, 'the rehearsal failed'))
  return rehearsed
}
