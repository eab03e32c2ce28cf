import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { connect } from './clients/connect.ts'
import { start } from './start.ts'
import { post } from './support.ts'

/** A route that never answers, and promises of its first request and of that request's end. */
function slowRoute() {
  let arrived: (response: ServerResponse) => void = () => {}
  const arrival = new Promise<ServerResponse>((resolve) => {
    arrived = resolve
  })
  return {
    arrival,
    ended: arrival.then((response) => once(response, 'close')),
    route: (_: unknown, response: ServerResponse) => void arrived(response),
  }
}

t.test('2026-07-28: cancelling a call ends the request to the API', async (t) => {
  const slow = slowRoute()
  const { adapter } = await start(t, { 'GET /api/v1/users/ada': slow.route as never })
  const client = await connect(t, adapter.url, 'v2-modern')
  const cancel = new AbortController()
  const call = client.call('get_user_by_id', { userId: 'ada' }, { signal: cancel.signal })
  call.catch(() => {})
  await slow.arrival
  cancel.abort()
  await t.rejects(call)
  await slow.ended
  t.pass('the API saw the connection close')
})

for (const version of ['2025-11-25', '2026-07-28']) {
  t.test(`${version}: a client that disconnects ends the request to the API`, async (t) => {
    const slow = slowRoute()
    const { adapter } = await start(t, { 'GET /api/v1/users/ada': slow.route as never })
    const modern = version === '2026-07-28'
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const leave = new AbortController()
    const headers = {
      'mcp-protocol-version': version,
      ...(modern && { 'mcp-method': 'tools/call', 'mcp-name': 'get_user_by_id' }),
    }
    const params = { name: 'get_user_by_id', arguments: { userId: 'ada' }, ...(modern && { _meta }) }
    const answer = post(adapter.url, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, headers, leave.signal)
    answer.then((response) => response.text()).catch(() => {})
    await slow.arrival
    leave.abort()
    await slow.ended
    t.pass('the API saw the connection close')
  })
}
