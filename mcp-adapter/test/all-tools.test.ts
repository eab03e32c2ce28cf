import fc from 'fast-check'
import t from 'tap'
import type { Operation } from '../src/document/read.ts'
import { readDocument } from '../src/document/read.ts'
import { allTools } from '../src/tools/all.ts'
import { commandJson, documentOf, folder } from './commands/support.ts'

t.test('foo/list and foo.list collide: both get names of their own, the same in whatever order', async (t) => {
  const named = (operations: Record<string, object>) => {
    const { tools } = allTools(readDocument(documentOf(operations), 'd'))
    return Object.fromEntries(tools.map(({ name, operation }) => [operation.id, name]))
  }
  const [a, b] = [{ operationId: 'foo/list' }, { operationId: 'foo.list' }]
  const names = named({ 'GET /a': a, 'GET /b': b })
  t.not(names['foo/list'], names['foo.list'])
  t.same(named({ 'GET /b': b, 'GET /a': a }), names)
})

t.test('tool names are unique, and names that every host takes, whatever the ids are', async (t) => {
  const id = fc.oneof(
    fc.string({ minLength: 1, maxLength: 100 }),
    fc.constantFrom('a/b', 'a.b', 'a_b', 'aB', 'ab', '_', '…', 'x'.repeat(70)),
  )
  const source = readDocument(documentOf({ 'GET /a': {} }), 'd')
  const [template] = [...source.operations.values()] as [Operation]
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 1, maxLength: 12 }), (ids) => {
      const operations = new Map(ids.map((each, i) => [each, { ...template, id: each, path: `/${i}` }]))
      const { tools, leftOut } = allTools({ ...source, operations })
      const names = tools.map(({ name }) => name)
      return (
        leftOut.length === 0 &&
        new Set(names).size === ids.length &&
        names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name))
      )
    }),
    { seed: 5, numRuns: Number(process.env.FC_RUNS ?? 200) },
  )
  t.pass()
})

t.test('one bad operation is left out with its reason, and the others are tools', async (t) => {
  const { write } = folder(t)
  const bad = {
    operationId: 'bad',
    parameters: [{ name: 'x', in: 'query', schema: { $ref: '#/components/schemas/Nowhere' } }],
  }
  const file = write('d.json', documentOf({ 'GET /bad': bad, 'GET /good': { operationId: 'good' } }))
  const { value } = await commandJson(['list', '--openapi', file, '--all'])
  t.match(value, { tools: [{ name: 'good' }], leftOut: [{ operation: 'bad', reason: /Nowhere/ }] })
  t.same(Object.keys(value), ['tools', 'leftOut'])
})
