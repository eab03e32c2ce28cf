import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import { createVault } from '../../../../src/identity/vault.ts'
import { createAddresses } from '../../../../src/work/deliveries/addresses.ts'
import type { Destination, Letter } from '../../../../src/work/deliveries/sender.ts'
import { mintSecret, OVERLAP_MS } from '../../../../src/work/deliveries/signing.ts'
import { createWebhookSender } from '../../../../src/work/deliveries/webhook.ts'
import { type Reaction, type Received, startReceiver } from '../../../support/receiver.ts'

const vault = createVault('a secret for tests, 32 characters')
const letter: Letter = {
  id: '019a9f6c-6d7e-7f80-8192-a3b4c5d6e7f8',
  event: null,
  text: 'Grüße',
  about: { type: 'order', id: 'o' },
  sentBy: { userId: 'u', agentId: null },
  createdAt: new Date('2026-01-31T12:00:00Z'),
}
const soon = () => AbortSignal.timeout(5000)

async function open(t: Test, react: (request: Received) => Reaction) {
  const receiver = await startReceiver(t, react)
  const sender = createWebhookSender(vault, createAddresses([receiver.host]))
  const first = mintSecret(vault, 'billing')
  const to: Destination = {
    id: 'billing',
    kind: 'webhook',
    target: `${receiver.url}/hook`,
    secrets: [first.sealed],
    rotatedAt: null,
  }
  return { ...receiver, sender, to, secret: first.text }
}

const verify = (secret: string, { text, headers }: Received) =>
  new Webhook(secret).verify(text, headers as Record<string, string>)

t.test('the signature is one that the package of Standard Webhooks verifies', async (t) => {
  const { sender, to, secret, received } = await open(t, () => ({ status: 204 }))
  t.same(await sender.send(letter, to, soon()), { kind: 'delivered' })
  const [one] = received as [Received]
  t.equal(one.path, '/hook')
  t.equal(one.headers['webhook-id'], letter.id)
  t.same(verify(secret, one), {
    type: 'message.sent',
    timestamp: '2026-01-31T12:00:00.000Z',
    data: { id: letter.id, text: 'Grüße', about: { type: 'order', id: 'o' }, sentBy: { userId: 'u', agentId: null } },
  })
  t.throws(() => verify(mintSecret(vault, 'billing').text, one), /No matching signature/)
  t.throws(() => verify(secret, { ...one, text: one.text.replace('Gr', 'gr') }), /No matching signature/)
})

t.test('an event goes out under its own type, with its data', async (t) => {
  const { sender, to, secret, received } = await open(t, () => ({ status: 200, body: 'x'.repeat(200_000) }))
  const event = { ...letter, event: 'order.placed', text: JSON.stringify({ orderId: 'o' }) }
  t.same(await sender.send(event, to, soon()), { kind: 'delivered' })
  t.match(verify(secret, received[0] as Received), { type: 'order.placed', data: { orderId: 'o' } })
})

t.test('after a rotation both secrets sign for a day, then the new one alone', async (t) => {
  const { sender, to, secret, received } = await open(t, () => ({ status: 200 }))
  const next = mintSecret(vault, 'billing')
  const secrets = [next.sealed, ...to.secrets]
  await sender.send(letter, { ...to, secrets, rotatedAt: new Date(Date.now() - OVERLAP_MS + 60_000) }, soon())
  await sender.send(letter, { ...to, secrets, rotatedAt: new Date(Date.now() - OVERLAP_MS) }, soon())
  const [during, after] = received as [Received, Received]
  for (const each of [secret, next.text]) t.ok(verify(each, during))
  t.equal(String(during.headers['webhook-signature']).split(' ').length, 2)
  t.ok(verify(next.text, after))
  t.throws(() => verify(secret, after), /No matching signature/)
})

t.test('what an answer means', async (t) => {
  const table: [Reaction, object][] = [
    [{ status: 200 }, { kind: 'delivered' }],
    [{ status: 299 }, { kind: 'delivered' }],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { kind: 'transient', retryAfterMs: 7000, error: /\(429\)/ },
    ],
    [
      { status: 503, body: 'key=hunter2' },
      { kind: 'transient', error: /^The receiver failed \(503\)\.$/ },
    ],
    [{ status: 502 }, { kind: 'unknown', error: /\(502\)/ }],
    [{ status: 504 }, { kind: 'unknown', error: /\(504\)/ }],
    [
      { status: 400, body: 'key=hunter2' },
      { kind: 'permanent', error: /^The receiver refused the message \(400\)\.$/ },
    ],
    [{ status: 410 }, { kind: 'permanent', gone: true }],
    ['drop', { kind: 'unknown' }],
    ['silence', { kind: 'unknown', error: /did not answer in time/ }],
  ]
  let reaction: Reaction = 'drop'
  const { sender, to } = await open(t, () => reaction)
  for (const [each, expected] of table) {
    reaction = each
    t.match(await sender.send(letter, to, AbortSignal.timeout(300)), expected, JSON.stringify(each))
  }
})

t.test('a redirect is not followed', async (t) => {
  const { sender, to, received } = await open(t, () => ({ status: 307, headers: { location: '/elsewhere' } }))
  t.match(await sender.send(letter, to, soon()), { kind: 'permanent', error: /\(307\)/ })
  t.equal(received.length, 1)
})

t.test('nobody there is no unknown outcome: nothing was sent', async (t) => {
  const sender = createWebhookSender(vault, createAddresses(['127.0.0.1']))
  const to = { id: 'c', kind: 'webhook' as const, target: 'http://127.0.0.1:1/', secrets: [], rotatedAt: null }
  t.match(await sender.send(letter, to, soon()), { kind: 'transient', error: /cannot be reached/ })
})
