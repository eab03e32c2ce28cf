import t from 'tap'
import { connect, connectStdio } from './clients/connect.ts'
import { FLAVOURS } from './clients/face.ts'
import { startStrange, writeStrange } from './fixtures/strange-api.ts'
import { jsonOf } from './support.ts'

const tools = [{ operation: 'deleteThing', confirm: true }]
const routes = { 'DELETE /v2/things/a': () => ({ status: 204 }) }

// Earlier clients over HTTP cannot be asked: there are no sessions to bring the answer.
for (const [flavour, way] of [
  ...FLAVOURS.map((flavour) => [flavour, 'stdio'] as const),
  ['v2-modern', 'http'] as const,
])
  t.test(`${flavour} over ${way}: a person is asked where the curation says so, without any safety rule`, async (t) => {
    const { adapter, backend } = await startStrange(t, routes, { tools })
    const answers = [{ action: 'decline' as const }, { action: 'accept' as const, content: { confirm: true } }]
    const asked: string[] = []
    const person = (question: string) => {
      asked.push(question)
      return answers[asked.length - 1] ?? { action: 'cancel' as const }
    }
    const client =
      way === 'http'
        ? await connect(t, adapter.url, flavour, 'token', person)
        : await connectStdio(t, backend.url, flavour, writeStrange(t, { tools }), person)
    const declined = await client.call('delete_thing', { id: 'a' })
    t.match(jsonOf(declined.content[1]?.text), { error: 'declined' })
    t.equal(backend.seen.length, 0, 'nothing was sent')
    t.notOk((await client.call('delete_thing', { id: 'a' })).isError)
    t.equal(backend.seen.length, 1)
    t.equal(asked.length, 2)
  })
