import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { createDeliveries } from '../../src/work/deliver.ts'
import { createSenders, NOTHING_SET_UP } from '../../src/work/deliveries/deliveries.ts'
import { type Received, startReceiver, until } from '../support/receiver.ts'
import { startService } from '../support/service.ts'

const hook = {
  id: 'billing',
  kind: 'webhook',
  name: 'Billing',
  team: true,
  target: 'https://billing.example.com/h?k=s3',
}

t.test('two channels are always there, and stay', async (t) => {
  const { call } = await startService(t)
  const { body } = await call('support', 'GET', '/channels')
  t.match(body.items, [
    { id: 'events', kind: 'inbox', team: true },
    { id: 'team', kind: 'inbox', team: true },
  ])
  for (const id of ['events', 'team']) {
    t.match((await call('admin', 'DELETE', `/channels/${id}`)).body, { error: 'channel-in-use' })
  }
})

t.test('a webhook shows its secret once, and of its URL the origin', async (t) => {
  const { call, storage, log } = await startService(t)
  const dry = await call('admin', 'POST', '/channels?dryRun=true', hook)
  t.match(dry.body.effect.after, { id: 'billing' })
  t.notMatch(JSON.stringify(dry.body), /whsec_/, 'a dry run shows none')
  const made = await call('admin', 'POST', '/channels', hook, { 'idempotency-key': 'a-key-that-is-sent-twice' })
  t.equal(made.status, 201)
  t.match(made.body.secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  t.equal(made.body.target, 'https://billing.example.com')
  const again = await call('admin', 'POST', '/channels', hook, { 'idempotency-key': 'a-key-that-is-sent-twice' })
  t.same(again.body, made.body, 'who lost the answer gets it once more, with the same key')
  const listed = await call('support', 'GET', '/channels')
  t.notMatch(JSON.stringify([listed.body, log]), /whsec_|k=s3/)
  const { secrets } = await storage.db.channel.findUniqueOrThrow({ where: { id: 'billing' } })
  t.notMatch(Buffer.from(secrets[0] as Uint8Array).toString('latin1'), /whsec_/, 'it is kept encrypted')
})

t.test('a channel is made as its kind wants it', async (t) => {
  const { call } = await startService(t)
  for (const [change, error, pointer] of [
    [{ id: 'new' }, 'validation-failed', '/body/id'],
    [{ id: 'Big' }, 'validation-failed', '/body/id'],
    [{ id: 'xoxb-1234567890-abcdefghij' }, 'validation-failed', '/body/id'],
    [{ target: undefined }, 'validation-failed', '/body/target'],
    [{ kind: 'inbox' }, 'validation-failed', '/body/target'],
    [{ kind: 'slack', target: 'C0123456789' }, 'validation-failed', '/body/kind'],
    [{ target: 'http://billing.example.com/' }, 'address-refused', '/body/target'],
    [{ target: 'https://169.254.169.254/latest' }, 'address-refused', '/body/target'],
    [{ target: 'https://user:pass@billing.example.com/' }, 'address-refused', '/body/target'],
    [{ id: 'team' }, 'channel-taken', '/body/id'],
  ] as const) {
    t.match((await call('admin', 'POST', '/channels', { ...hook, ...change })).body, { error, errors: [{ pointer }] })
  }
})

t.test('a Slack channel has an id with an app, and none with a URL that leads to one channel', async (t) => {
  const { slack } = NOTHING_SET_UP
  const app = await startService(t, { deliveries: { slack: { ...slack, botToken: 'xoxb-test' }, webhookHosts: [] } })
  const ops = { id: 'ops', kind: 'slack', name: 'Ops', team: true }
  t.match((await app.call('admin', 'POST', '/channels', ops)).body, { errors: [{ pointer: '/body/target' }] })
  const named = await app.call('admin', 'POST', '/channels', { ...ops, target: '#ops' })
  t.match(named.body, { errors: [{ pointer: '/body/target', code: 'pattern' }] })
  const made = await app.call('admin', 'POST', '/channels', { ...ops, target: 'C0123456789' })
  t.match(made.body, { target: 'C0123456789', secret: null })
  t.match((await app.call('admin', 'POST', '/channels/ops/rotate-secret')).body, { error: 'validation-failed' })
  const webhookUrl = 'https://hooks.slack.com/services/x'
  const url = await startService(t, { deliveries: { slack: { ...slack, webhookUrl }, webhookHosts: [] } })
  t.equal((await url.call('admin', 'POST', '/channels', { ...ops, target: 'C0123456789' })).status, 400)
  t.match((await url.call('admin', 'POST', '/channels', ops)).body, { target: null })
})

t.test('a channel goes when nothing waits for it; its messages stay, its id is taken', async (t) => {
  const { call, storage, message } = await startService(t)
  await call('admin', 'POST', '/channels', hook)
  const id = await message('billing')
  t.match((await call('admin', 'DELETE', '/channels/billing')).body, { error: 'channel-in-use' })
  await storage.db.message.update({ where: { id }, data: { status: 'delivered' } })
  const key = { 'idempotency-key': 'a-key-that-is-sent-twice' }
  t.equal((await call('admin', 'DELETE', '/channels/billing', undefined, key)).status, 204)
  t.equal((await call('admin', 'DELETE', '/channels/billing', undefined, key)).status, 204, 'repeated')
  t.match((await call('admin', 'DELETE', '/channels/billing')).body, { error: 'channel-not-found' })
  t.equal((await call('support', 'GET', '/channels')).body.items.length, 2)
  t.match((await call('support', 'GET', `/messages/${id}`)).body, { channel: 'billing', status: 'delivered' })
  const sent = await call('support', 'POST', '/messages', { channel: 'billing', text: 'Hello?' })
  t.match(sent.body, { error: 'channel-not-found' })
  t.match((await call('admin', 'POST', '/channels', hook)).body, { error: 'channel-taken' })
  t.match(await storage.db.channel.findUnique({ where: { id: 'billing' } }), { target: null, secrets: [] })
})

t.test('after a rotation the old secret and the new one both verify what is sent', async (t) => {
  const receiver = await startReceiver(t, () => ({ status: 204 }))
  const settings = { ...NOTHING_SET_UP, webhookHosts: [receiver.host] }
  const { call, message, services } = await startService(t, { deliveries: settings })
  const { storage, queue, vault } = services
  createDeliveries(storage, queue, createSenders(settings, vault).senders, {
    report: (error) => t.fail('work failed', { error }),
  }).start()
  const made = await call('admin', 'POST', '/channels', { ...hook, target: `${receiver.url}/hook` })
  const first: string = made.body.secret
  const second: string = (await call('admin', 'POST', '/channels/billing/rotate-secret')).body.secret
  const third = (await call('admin', 'POST', '/channels/billing/rotate-secret')).body
  t.ok(third.rotatedAt)
  const id = await message('billing')
  await until('it has arrived', () => receiver.received.length > 0)
  const { text, headers } = receiver.received[0] as Received
  const verify = (secret: string) => new Webhook(secret).verify(text, headers as Record<string, string>)
  for (const secret of [second, third.secret]) t.match(verify(secret), { type: 'message.sent', data: { id } })
  t.throws(() => verify(first), 'the one before the last is over')
})
