import fc from 'fast-check'
import t from 'tap'
import type { CuratedTool } from '../src/curation/read.ts'
import { expandEntries } from '../src/curation/select.ts'
import { type Operation, readDocument } from '../src/document/read.ts'
import { allTools } from '../src/tools/all.ts'
import { commandJson, documentOf, folder } from './commands/support.ts'

const operation = (operationId: string, tags: string[]) => ({ operationId, tags, responses: {} })
const document = readDocument(
  {
    openapi: '3.1.0',
    paths: {
      '/books': { get: operation('listBooks', ['books']), post: operation('addBook', ['books', 'staff']) },
      '/books/{id}': {
        get: operation('readBook', ['books']),
        delete: operation('removeBook', ['books', 'staff']),
      },
      '/orders': { get: operation('listOrders', ['orders']), post: operation('placeOrder', ['orders']) },
    },
  },
  'd',
)

/** What entries choose, as `index:id` with `*` for what a rule chose; and what is said about them. */
function choose(...entries: CuratedTool[]) {
  const said: string[] = []
  const chosen = expandEntries(document, entries.entries(), (path, message) =>
    said.push(`${path.join('.')}: ${message}`),
  )
  return {
    chosen: chosen.map((each) => `${each.index}:${each.operation.id}${each.chosen === 'by-rule' ? '*' : ''}`),
    said,
  }
}

t.test('a rule chooses by tag, by methods, or by both, in the order of the document', async (t) => {
  t.same(choose({ tag: 'books' }).chosen, ['0:listBooks*', '0:addBook*', '0:readBook*', '0:removeBook*'])
  t.same(choose({ methods: ['POST', 'DELETE'] }).chosen, ['0:addBook*', '0:removeBook*', '0:placeOrder*'])
  t.same(choose({ tag: 'staff', methods: ['POST'] }).chosen, ['0:addBook*'])
  t.same(choose({ tag: 'books', except: ['addBook', 'removeBook'] }).chosen, ['0:listBooks*', '0:readBook*'])
})

t.test(
  'an operation with an entry of its own is left to it, wherever it stands; of several rules the first has it',
  async (t) => {
    const { chosen, said } = choose(
      { tag: 'books', methods: ['GET'] },
      { operation: 'readBook', name: 'one_book' },
      { tag: 'books' },
      { operation: 'listOrders' },
      { methods: ['GET', 'POST'] },
    )
    t.same(said, [])
    t.same(chosen, ['0:listBooks*', '1:readBook', '2:addBook*', '2:removeBook*', '3:listOrders', '4:placeOrder*'])
  },
)

t.test('one operation may have several entries by its id', async (t) => {
  t.same(choose({ operation: 'listBooks' }, { operation: 'listBooks', name: 'b' }).chosen, [
    '0:listBooks',
    '1:listBooks',
  ])
})

t.test('a tag, an operation or an exception that nothing has is told with the nearest right one', async (t) => {
  t.same(choose({ tag: 'book' }, { operation: 'readBok' }, { tag: 'orders', except: ['listOrder'] }).said, [
    'tools.0.tag: No operation has the tag "book". Did you mean "books"?',
    'tools.1.operation: The document has no operation "readBok". Did you mean "readBook"?',
    'tools.2.except.0: The document has no operation "listOrder". Did you mean "listOrders"?',
  ])
})

t.test('a rule that chooses nothing is told, with why', async (t) => {
  t.same(choose({ tag: 'orders', methods: ['DELETE'] }, { methods: ['PUT', 'PATCH'] }).said, [
    'tools.0.methods: The entry chooses nothing: no operation with the tag "orders" has the method DELETE.',
    'tools.1.methods: The entry chooses nothing: no operation has the method PUT or PATCH.',
  ])
  t.same(choose({ tag: 'orders', except: ['listOrders', 'placeOrder'] }).said, [
    'tools.0.tag: The entry chooses nothing: "except" leaves out all it chooses.',
  ])
  t.same(choose({ tag: 'orders' }, { tag: 'orders' }), { chosen: ['0:listOrders*', '0:placeOrder*'], said: [] })
})

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
