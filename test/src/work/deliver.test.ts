import t from 'tap'
import { randomNumbers } from '../../../src/random.ts'
import type { Outcome, Sender, Senders } from '../../../src/work/deliveries/sender.ts'
import { mintSecret } from '../../../src/work/deliveries/signing.ts'
import { onEachDatabase } from '../../support/database.ts'
import { openOutbox } from '../../support/outbox.ts'
import { type Reaction, startReceiver, until } from '../../support/receiver.ts'

/** A sender that does one thing after the other, the last one again and again. */
function scripted(outcomes: Outcome[]) {
  const sent: { id: string; at: number }[] = []
  const send: Sender['send'] = async ({ id }) => {
    sent.push({ id, at: Date.now() })
    return outcomes[Math.min(sent.length, outcomes.length) - 1] as Outcome
  }
  return { sent, senders: { slack: { send } } as Partial<Senders> }
}
const later: Outcome = { kind: 'transient', error: 'The receiver failed (500).' }
const lost: Outcome = { kind: 'unknown', error: 'The receiver did not answer in time.' }

/** Slack's double: the same random mix in every run. */
function mixed(seed: number, says: Reaction[]): () => Reaction {
  const random = randomNumbers(seed)
  return () => says[Math.floor(random() * says.length)] as Reaction
}

const ok: Reaction = { status: 200, body: JSON.stringify({ ok: true, ts: '1769860801.000200' }) }

onEachDatabase(t, 'through every kind of failure and a restart no message is lost', async (t, kind) => {
  const outbox = await openOutbox(t, kind)
  await outbox.channel('ops', 'slack', 'C0123456789')
  const react = mixed(42, [
    ok,
    ok,
    'silence',
    'drop',
    { status: 500 },
    { status: 429, headers: { 'retry-after': '0' } },
    { status: 200, body: JSON.stringify({ ok: false, error: 'ratelimited' }) },
  ])
  const acknowledged = new Set<string>()
  const slack = await startReceiver(t, ({ text }) => {
    const reaction = react()
    if (reaction === ok) acknowledged.add(JSON.parse(text).text)
    return reaction
  })
  const settings = { slack: { botToken: 'xoxb-test', webhookUrl: undefined, apiUrl: slack.url }, webhookHosts: [] }
  const patient = { mostAttempts: 1000, atOnce: 8 }
  const texts = Array.from({ length: 24 }, (_, index) => `message ${index}`)
  const first = outbox.work({ ...settings, ...patient })
  const ids = [...(await outbox.put('ops', texts.slice(0, 12))), ...(await outbox.put('ops', texts.slice(12)))]
  await until('some have arrived', () => acknowledged.size >= 6)
  await first.close()
  t.ok(acknowledged.size < texts.length, 'the restart is in the middle')
  const second = outbox.work({ ...settings, ...patient })
  await until('all are recorded as delivered', async () => {
    return (await outbox.storage.db.message.count({ where: { id: { in: ids }, status: 'delivered' } })) === ids.length
  })
  t.same([...acknowledged].sort(), texts.toSorted())
  const rows = await outbox.storage.db.message.findMany({ where: { id: { in: ids } } })
  t.ok(rows.some(({ attempts }) => attempts > 1))
  for (const { receipt, error, deliveredAt, dead } of rows) {
    t.match({ receipt, error, deliveredAt, dead }, { receipt: '1769860801.000200', error: null, dead: false })
    t.ok(deliveredAt)
  }
  await until('no job is left', async () => (await outbox.jobs()) === 0)
  await second.close()
})

onEachDatabase(t, 'a worker that dies after it sent leaves the message to the next one', async (t, kind) => {
  const outbox = await openOutbox(t, kind)
  const { storage } = outbox
  const { sent, senders } = scripted([{ kind: 'delivered' }])
  let dead = false
  // Its last act reaches the receiver, and not the database.
  const dying = {
    ...storage,
    transaction: ((work) => {
      dead = true
      return Promise.reject(new Error(`died before ${work.length} arguments were used`))
    }) as typeof storage.transaction,
  }
  const first = outbox.work({ senders, on: dying, report: () => {} })
  const [id = ''] = await outbox.put('out', ['once'])
  await until('the first one has sent it', () => dead)
  await first.close()
  t.match(await outbox.message(id), { status: 'sending', attempts: 1 })
  outbox.work({ senders })
  await until('the second one has recorded it', async () => (await outbox.message(id)).status === 'delivered')
  t.equal(sent.length, 2)
  t.match(await outbox.message(id), { attempts: 2, uncertain: true })
})

t.test('what a transaction that is undone wanted to send is never sent', async (t) => {
  const outbox = await openOutbox(t)
  const { sent, senders } = scripted([{ kind: 'delivered' }])
  outbox.work({ senders })
  await t.rejects(outbox.put('out', ['never'], { fail: true }), /undone/)
  const [id = ''] = await outbox.put('out', ['this'])
  await until('the other is delivered', async () => (await outbox.message(id)).status === 'delivered')
  t.same(
    sent.map((each) => each.id),
    [id],
  )
  t.equal(await outbox.storage.db.message.count(), 1)
})

t.test('attempts come to an end: failed where nothing arrived, unknown where something may have', async (t) => {
  const outbox = await openOutbox(t)
  for (const [outcomes, status, error] of [
    [[later], 'failed', /failed \(500\)/],
    [[later, lost, later], 'unknown', /failed \(500\)/],
    [[lost], 'unknown', /did not answer/],
  ] as const) {
    const { sent, senders } = scripted([...outcomes])
    const worker = outbox.work({ senders, mostAttempts: 4 })
    const [id = ''] = await outbox.put('out', ['text'])
    await until('it is given up', async () => (await outbox.message(id)).dead)
    t.match(await outbox.message(id), { status, error, attempts: 4, nextAttemptAt: null, deliveredAt: null })
    t.equal(sent.length, 4)
    await worker.close()
  }
  t.equal(await outbox.jobs(), 0)
})

t.test('what is refused for good is tried once; after an unknown attempt it is still no failure', async (t) => {
  const outbox = await openOutbox(t)
  const refused: Outcome = { kind: 'permanent', error: 'The receiver refused the message (400).' }
  for (const [outcomes, status, attempts] of [
    [[refused], 'failed', 1],
    [[lost, refused], 'unknown', 2],
  ] as const) {
    const worker = outbox.work({ senders: scripted([...outcomes]).senders })
    const [id = ''] = await outbox.put('out', ['text'])
    await until('it is given up', async () => (await outbox.message(id)).dead)
    t.match(await outbox.message(id), { status, attempts, error: /refused/ })
    await worker.close()
  }
})

t.test('while it waits, a message says when it is tried next, and what is known', async (t) => {
  const outbox = await openOutbox(t)
  const slow = { backoff: { baseMs: 3_600_000, capMs: 3_600_000 }, random: () => 1 }
  for (const [outcome, status] of [
    [later, 'queued'],
    [lost, 'unknown'],
  ] as const) {
    const worker = outbox.work({ senders: scripted([outcome]).senders, ...slow })
    const [id = ''] = await outbox.put('out', ['text'])
    await until('it was tried', async () => (await outbox.message(id)).error !== null)
    const { nextAttemptAt, ...message } = await outbox.message(id)
    t.match(message, { status, attempts: 1, dead: false })
    const wait = (nextAttemptAt?.getTime() ?? 0) - Date.now()
    t.ok(wait > 3_500_000 && wait <= 3_600_000)
    await worker.close()
  }
})

t.test('Retry-After is waited for, though the backoff is shorter', async (t) => {
  const outbox = await openOutbox(t)
  let first = true
  const receiver = await startReceiver(t, () => {
    const reaction: Reaction = first ? { status: 429, headers: { 'retry-after': '1' } } : { status: 200 }
    first = false
    return reaction
  })
  await outbox.channel('hook', 'webhook', receiver.url, [mintSecret(outbox.vault, 'hook').sealed])
  outbox.work({ webhookHosts: [receiver.host] })
  const [id = ''] = await outbox.put('hook', ['text'])
  await until('it is delivered', async () => (await outbox.message(id)).status === 'delivered')
  const [one, two] = receiver.received
  t.equal(receiver.received.length, 2)
  t.ok((two?.at ?? 0) - (one?.at ?? 0) >= 990)
  t.equal(one?.headers['webhook-id'], two?.headers['webhook-id'], 'the receiver can tell that it is the same one')
})

t.test('doubled jobs send once', async (t) => {
  const outbox = await openOutbox(t)
  const { sent, senders } = scripted([later, { kind: 'delivered' }])
  const [id = ''] = await outbox.put('out', ['text'])
  const [one, two] = [outbox.work({ senders }), outbox.work({ senders })]
  const again = () =>
    outbox.storage.transaction((_db, sql) =>
      one.queue.add(
        sql,
        [1, 2, 3].map(() => ({ queue: 'messages', id })),
      ),
    )
  await again()
  await until('it is delivered', async () => (await outbox.message(id)).status === 'delivered')
  await again()
  await until('no job is left', async () => (await outbox.jobs()) === 0)
  t.equal(sent.length, 2)
  t.match(await outbox.message(id), { status: 'delivered', attempts: 2 })
  await Promise.all([one.close(), two.close()])
})

t.test('an attempt that was given up on and then succeeds is believed; one that fails has no say', async (t) => {
  const outbox = await openOutbox(t)
  for (const [outcome, status] of [
    [{ kind: 'delivered', receipt: 'late' }, 'delivered'],
    [{ kind: 'permanent', error: 'refused' }, 'sending'],
  ] as const) {
    let finish = () => {}
    const hung = new Promise<Outcome>((resolve) => {
      finish = () => resolve(outcome)
    })
    let calls = 0
    const send: Sender['send'] = (_letter, _to, signal) =>
      ++calls === 1 ? hung : new Promise((resolve) => signal.addEventListener('abort', () => resolve(lost)))
    const patient = { senders: { slack: { send } }, atOnce: 1, deadlineMs: 600_000, leaseMs: 600 }
    const one = outbox.work(patient)
    const [id = ''] = await outbox.put('out', ['text'])
    await until('it hangs', () => calls === 1)
    const two = outbox.work({ ...patient, leaseMs: 600_000 })
    await until('another has it', () => calls === 2)
    finish()
    await one.close()
    t.match(await outbox.message(id), { status, attempts: 2, uncertain: true })
    await two.close()
  }
})

t.test('a crash in the last attempt makes a dead letter of unknown fate', async (t) => {
  const outbox = await openOutbox(t)
  const [id = ''] = await outbox.put('out', ['text'])
  const past = new Date(Date.now() - 1000)
  await outbox.storage.db.message.update({
    where: { id },
    data: { status: 'sending', attempts: 12, nextAttemptAt: past },
  })
  const { sent, senders } = scripted([{ kind: 'delivered' }])
  outbox.work({ senders })
  await until('it is given up', async () => (await outbox.message(id)).dead)
  t.match(await outbox.message(id), { status: 'unknown', attempts: 12, error: /last attempt/ })
  t.equal(sent.length, 0)
})

t.test('410 ends the channel, and what waits for it', async (t) => {
  const outbox = await openOutbox(t)
  const receiver = await startReceiver(t, () => ({ status: 410 }))
  await outbox.channel('hook', 'webhook', receiver.url, [mintSecret(outbox.vault, 'hook').sealed])
  outbox.work({ webhookHosts: [receiver.host], atOnce: 1 })
  const ids = await outbox.put('hook', ['one', 'two'])
  for (const id of ids) await until('it is given up', async () => (await outbox.message(id)).dead)
  t.equal(receiver.received.length, 1)
  t.ok((await outbox.storage.db.channel.findUniqueOrThrow({ where: { id: 'hook' } })).disabledAt)
  t.same(
    (await Promise.all(ids.map(outbox.message))).map(({ status }) => status),
    ['failed', 'failed'],
  )
})

t.test('an event waits in the inbox of the service, and closing ends what hangs', async (t) => {
  const outbox = await openOutbox(t)
  const receiver = await startReceiver(t, () => 'silence')
  await outbox.channel('hook', 'webhook', receiver.url, [mintSecret(outbox.vault, 'hook').sealed])
  const worker = outbox.work({ webhookHosts: [receiver.host], deadlineMs: 600_000 })
  const [event = ''] = await outbox.put('events', ['{"orderId":"o"}'], { event: 'order.placed' })
  const [hung = ''] = await outbox.put('hook', ['text'])
  await until('the event is there', async () => (await outbox.message(event)).status === 'delivered')
  await until('the other one hangs', () => receiver.received.length === 1)
  await worker.close()
  t.match(await outbox.message(hung), { status: 'unknown', attempts: 1, dead: false })
})

t.test('what fails inside the service is reported, and tried again', async (t) => {
  const outbox = await openOutbox(t)
  const errors: unknown[] = []
  // Sealed for another channel: it does not open.
  const receiver = await startReceiver(t, () => ({ status: 200 }))
  await outbox.channel('hook', 'webhook', receiver.url, [mintSecret(outbox.vault, 'other').sealed])
  outbox.work({ webhookHosts: [receiver.host], mostAttempts: 2, report: (error) => errors.push(error) })
  const [id = ''] = await outbox.put('hook', ['text'])
  await until('it is given up', async () => (await outbox.message(id)).dead)
  t.match(await outbox.message(id), { status: 'failed', attempts: 2, error: /before it could send/ })
  t.equal(errors.length, 2)
  t.equal(receiver.received.length, 0)
})
