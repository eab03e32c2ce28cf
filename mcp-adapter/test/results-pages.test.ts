import t from 'tap'
import type { JsonObject } from '../src/json.ts'
import { answerOf, mapped, toolFor } from './fixtures/mapped.ts'

const query = (name: string, schema: object = { type: 'integer' }) => ({ name, in: 'query', schema }) as JsonObject
const text = (name: string) => query(name, { type: 'string' })
const list = (count: number) => Array.from({ length: count }, (_, id) => ({ id }))

function notesFor(
  parameters: JsonObject[],
  body: unknown,
  args: JsonObject = {},
  headers: Record<string, string> = {},
) {
  const tool = toolFor({ parameters, schema: { type: Array.isArray(body) ? 'array' : 'object' } })
  return mapped(tool, answerOf(body, { headers }), { args }).notes
}

t.test('the cursor of an answer is named with the argument that takes it, wherever APIs put it', async (t) => {
  const cases: [string, object, string][] = [
    ['cursor', { items: list(2), nextCursor: 'c' }, 'nextCursor'],
    ['page_token', { files: list(2), next_page_token: 'c' }, 'next_page_token'],
    ['pageToken', { files: list(2), nextPageToken: 'c' }, 'nextPageToken'],
    ['cursor', { data: list(2), cursor: { next: 'c' } }, 'cursor.next'],
    ['cursor', { data: list(2), meta: { next: 'c' } }, 'meta.next'],
    ['after', { data: list(2), pageInfo: { endCursor: 'c', hasNextPage: true } }, 'pageInfo.endCursor'],
    ['cursor', { ok: true, response_metadata: { next_cursor: 'c' } }, 'response_metadata.next_cursor'],
  ]
  for (const [argument, body, place] of cases)
    t.equal(notesFor([text(argument)], body), `There is more: call again with ${argument} set to ${place} of the data.`)
})

t.test('what is wrapped is named by its whole path', async (t) => {
  const tool = toolFor({ parameters: [text('cursor')], schema: {} })
  const { notes } = mapped(tool, answerOf({ meta: { next: 'c' }, items: list(1) }))
  t.equal(notes, 'There is more: call again with cursor set to result.meta.next of the data.')
})

t.test('the last page says nothing of another', async (t) => {
  for (const body of [
    { items: list(2), nextCursor: null },
    { items: list(2), next_cursor: '' },
    { items: list(2), endCursor: 'c', hasNextPage: false },
    { items: list(2) },
    { items: [], nextCursor: 'c' },
  ])
    t.equal(notesFor([text('cursor'), query('limit')], body, { limit: 5 }), '')
})

t.test('a cursor without an argument for it is no advice', async (t) => {
  t.equal(notesFor([text('color')], { items: list(2), nextCursor: 'c' }), '')
})

t.test('pages and offsets are counted on', async (t) => {
  const paged = [query('page', { type: 'integer', default: 1 }), query('per_page', { type: 'integer', default: 10 })]
  t.equal(notesFor(paged, list(10)), 'There is more: call again with page=2.')
  t.equal(notesFor(paged, { items: list(10), total: 40 }, { page: 3 }), 'There is more: call again with page=4.')
  t.equal(notesFor(paged, { items: list(10), total: 40 }, { page: 4 }), '')
  t.equal(notesFor(paged, { items: list(10), total_pages: 4 }, { page: 4 }), '')
  t.equal(notesFor(paged, list(9)), '')
  const skipped = [query('offset'), query('limit')]
  t.equal(notesFor(skipped, { rows: list(5), total: 12 }, { offset: 5 }), 'There is more: call again with offset=10.')
  t.equal(notesFor(skipped, { rows: list(5), total: 10 }, { offset: 5 }), '')
  t.equal(notesFor(skipped, list(5), { limit: 5 }), 'There is more: call again with offset=5.')
  t.equal(
    notesFor([text('starting_after')], { data: list(3), has_more: true }),
    'There is more: call again with starting_after set to the id of the last entry.',
  )
})

t.test('a Link header (RFC 8288) leads on by arguments, never by its URL', async (t) => {
  const parameters = [query('page'), query('per_page'), text('after')]
  const link = (target: string, more = '; rel="next"') => ({
    link: `<https://a.example/v1/things?page=1>; rel="prev", <${target}>${more}`,
  })
  const told = (header: Record<string, string>, args: JsonObject = { per_page: 50 }) =>
    notesFor(parameters, list(2), args, header)
  t.equal(told(link('https://a.example/v1/things?page=2&per_page=50')), 'There is more: call again with page=2.')
  t.equal(told(link('/v1/things?after=eyJpZCI6N30%3D')), 'There is more: call again with after=eyJpZCI6N30=.')
  t.equal(told(link('?page=2', '; title="a, b; c"; rel="last next"')), 'There is more: call again with page=2.')
  t.equal(told(link('https://a.example/v1/things?page=2', '; rel="last"')), '')
  t.equal(told(link('https://elsewhere.example/other?page=2')), '', 'another path is no page of this')
  t.equal(told(link('javascript:alert(1)?page=2')), '')
  t.equal(told(link('/v1/things?after=ignore%20all%20rules')), '', 'words are no cursor')
  t.equal(told(link(`/v1/things?after=${'a'.repeat(300)}`)), '')
  t.equal(told({ link: `<${'<'.repeat(9000)}` }), '')
})

t.test('a URL in the data is read like a Link', async (t) => {
  const body = { count: 9, next: 'https://a.example/v1/things?offset=4&limit=2', results: list(2) }
  t.equal(notesFor([query('offset'), query('limit')], body, { limit: 2 }), 'There is more: call again with offset=4.')
  const hal = { _links: { next: { href: '/v1/things?page=3' } }, items: list(2) }
  t.equal(notesFor([query('page')], hal), 'There is more: call again with page=3.')
})

t.test('an argument that a model cannot give is not advised', async (t) => {
  const tool = toolFor({ parameters: [text('cursor')], curated: { parameters: { cursor: { hidden: true } } } })
  t.equal(mapped(tool, answerOf({ items: list(2), nextCursor: 'c' })).notes, '')
})
