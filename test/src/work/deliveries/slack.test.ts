import t, { type Test } from 'tap'
import type { Destination, Letter } from '../../../../src/work/deliveries/sender.ts'
import { createSlackSender } from '../../../../src/work/deliveries/slack.ts'
import { type Reaction, startReceiver } from '../../../support/receiver.ts'

const TOKEN = 'xoxb-a-secret-for-tests'
const letter: Letter = {
  id: 'm',
  event: null,
  text: '<!channel> & <https://evil.example|click> <@U123> @here',
  about: null,
  sentBy: { userId: 'u', agentId: null },
  createdAt: new Date(),
}
const to: Destination = { id: 'ops', kind: 'slack', target: 'C0123456789', secrets: [], rotatedAt: null }
const soon = () => AbortSignal.timeout(5000)

async function open(t: Test, react: () => Reaction) {
  const receiver = await startReceiver(t, react)
  const app = createSlackSender({ botToken: TOKEN, webhookUrl: undefined, apiUrl: `${receiver.url}/api` })
  const url = createSlackSender({
    botToken: undefined,
    webhookUrl: `${receiver.url}/hook`,
    apiUrl: 'https://slack.com',
  })
  return { ...receiver, app, url }
}
const says = (body: object, headers = {}): Reaction => ({ status: 200, headers, body: JSON.stringify(body) })

t.test('text reaches Slack as it is: no mention, no link, no preview', async (t) => {
  const { app, received } = await open(t, () => says({ ok: true, ts: '1769860801.000200' }))
  t.same(await app.send(letter, to, soon()), { kind: 'delivered', receipt: '1769860801.000200' })
  t.equal(received[0]?.path, '/api/chat.postMessage')
  t.equal(received[0]?.headers.authorization, `Bearer ${TOKEN}`)
  t.same(JSON.parse(received[0]?.text ?? ''), {
    channel: 'C0123456789',
    text: '&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; &lt;@U123&gt; @here',
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
  })
})

t.test('what Slack says, and what it means', async (t) => {
  let reaction: Reaction = 'drop'
  const { app } = await open(t, () => reaction)
  const no = (error: string) => says({ ok: false, error })
  const table: [Reaction, object][] = [
    [
      { status: 429, headers: { 'retry-after': '3' } },
      { kind: 'transient', retryAfterMs: 3000 },
    ],
    [says({ ok: false, error: 'ratelimited' }, { 'retry-after': '4' }), { kind: 'transient', retryAfterMs: 4000 }],
    [no('service_unavailable'), { kind: 'transient' }],
    [no('internal_error'), { kind: 'unknown' }],
    [no('fatal_error'), { kind: 'unknown' }],
    [no('channel_not_found'), { kind: 'permanent', error: /does not know the channel/ }],
    [no('invalid_auth'), { kind: 'permanent', error: /does not accept the token/ }],
    [no(`a new one ${TOKEN}`), { kind: 'permanent', error: /^Slack refused the message\.$/ }],
    [{ status: 500 }, { kind: 'transient' }],
    [{ status: 404 }, { kind: 'permanent' }],
    [{ status: 200, body: '<html>' }, { kind: 'unknown' }],
    [says({ ok: true, ts: '<script>' }), { kind: 'delivered', receipt: undefined }],
    ['drop', { kind: 'unknown' }],
    ['silence', { kind: 'unknown' }],
  ]
  for (const [each, expected] of table) {
    reaction = each
    const outcome = await app.send(letter, to, AbortSignal.timeout(300))
    t.match(outcome, expected, JSON.stringify(each))
    t.notMatch(JSON.stringify(outcome), /xoxb/)
  }
})

t.test('without a token an incoming webhook is used, and without both nothing is', async (t) => {
  let reaction: Reaction = { status: 200, body: 'ok' }
  const { url, received } = await open(t, () => reaction)
  t.same(await url.send(letter, { ...to, target: null }, soon()), { kind: 'delivered' })
  t.equal(received[0]?.path, '/hook')
  t.notOk('channel' in JSON.parse(received[0]?.text ?? ''))
  t.notOk(received[0]?.headers.authorization)
  reaction = { status: 404, body: 'no_service' }
  t.match(await url.send(letter, to, soon()), { kind: 'permanent' })
  const none = createSlackSender({ botToken: undefined, webhookUrl: undefined, apiUrl: 'https://slack.com/api' })
  t.match(await none.send(letter, to, soon()), { kind: 'permanent', error: /not set up/ })
})
