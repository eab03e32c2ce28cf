import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadDocument } from '../src/document/load.ts'
import type { JsonObject } from '../src/json.ts'
import { publishFor } from '../src/profiles/profiles.ts'
import { createApi } from '../src/tools/api.ts'
import { buildTool } from '../src/tools/tools.ts'
import { connect } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { startStdio } from './clients/in-process.ts'
import { createClient } from './clients/v2.ts'
import { start } from './start.ts'
import { fixture, MODERN_META, post } from './support.ts'

t.test('our own list and the fixtures are the same under every profile but gemini', async (t) => {
  const document = await loadDocument(fixture('api.yaml'), { from: '/' })
  const api = createApi(document, 'http://127.0.0.1:1')
  for (const operation of document.operations.values()) {
    const tool = buildTool(api, operation, { operation: operation.id })
    for (const profile of ['full', 'anthropic', 'openai'] as const)
      t.same(publishFor(profile, tool), tool.published, `${operation.id} ${profile}`)
    t.equal(publishFor('gemini', tool), publishFor('gemini', tool), 'made once')
  }
})

/** Whether a list is written for Gemini: the fixture's phone may be null. */
const isNarrow = (tools: { name: string; inputSchema?: JsonObject }[]) => {
  const phone = (tools.find(({ name }) => name === 'update_user')?.inputSchema?.properties as JsonObject)?.phone
  return (phone as JsonObject).nullable === true && (phone as JsonObject).anyOf === undefined
}

t.test(
  'a client gets the dialect of its name, in both eras and over both transports, and calls as before',
  async (t) => {
    const { adapter, backend } = await start(t)
    const modern = async (name: string) => {
      const response = await post(
        adapter.url,
        {
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/list',
          params: {
            _meta: { ...MODERN_META, 'io.modelcontextprotocol/clientInfo': { name, version: '1' } },
          },
        },
        { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' },
      )
      return ((await response.json()) as { result: { tools: { name: string }[] } }).result.tools
    }
    t.equal(isNarrow(await modern('gemini-cli-mcp-client')), true)
    t.equal(isNarrow(await modern('claude-code')), false)
    // What an earlier client said at `initialize` is gone with that request: it is not known, and gets the default.
    t.equal(isNarrow(await (await connect(t, adapter.url, 'v2-legacy')).list()), false)

    for (const flavour of ['v2-legacy', 'v2-modern'] as const) {
      const client = createClient(flavour, undefined, { name: 'gemini-cli-mcp-client', version: '1' })
      const stdio = startStdio({ configFile: fixture('tools.yaml'), apiUrl: backend.url, credential: 'token-ada' })
      await client.connect(stdio as never)
      t.teardown(() => client.close())
      t.equal(isNarrow((await client.listTools()).tools as { name: string; inputSchema: JsonObject }[]), true)
      const args = { items: [{ sku: 'LAMP', quantity: 2 }] }
      t.notOk((await client.callTool({ name: 'create_order', arguments: args })).isError)
      const wrong = await client.callTool({ name: 'create_order', arguments: { ...args, items: [] } })
      t.match(JSON.stringify(wrong), /invalid-arguments/, 'what the dialect cannot say is checked all the same')
    }
  },
)

t.test('a profile of the curation file goes over the name of the client', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'handrail-profile-'))
  const text = readFileSync(fixture('tools.yaml'), 'utf8').replace(/openapi: \S+/, `openapi: ${fixture('api.yaml')}`)
  writeFileSync(join(folder, 'tools.yaml'), `profile: gemini\n${text}`)
  const { adapter } = await start(t, undefined, { configFile: join(folder, 'tools.yaml') })
  for (const flavour of FLAVOURS)
    t.equal(isNarrow(await (await connect(t, adapter.url, flavour)).list()), true, flavour)
  rmSync(folder, { recursive: true })
})
