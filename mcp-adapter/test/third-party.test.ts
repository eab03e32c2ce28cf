import t, { type Test } from 'tap'
import type { JsonObject } from '../src/json.ts'
import { connect, connectStdio } from './clients/connect.ts'
import { FLAVOURS, type TestClient } from './clients/face.ts'
import { SHOP_CURATION, serveBookshop } from './fixtures/bookshop/served.ts'
import { book, startBookshop } from './fixtures/bookshop/upstream.ts'
import { jsonOf } from './support.ts'

/**
 * A stranger's document (OpenAPI 3.0, YAML, an API key in a header) with a stranger's curation (rules, an overlay,
 * examples), through every client and both transports.
 */
type Shown = { name: string; description: string; inputSchema: JsonObject; outputSchema?: JsonObject }

async function useShop(t: Test, client: TestClient, shop: Awaited<ReturnType<typeof startBookshop>>) {
  const tools = (await client.list()) as unknown as Shown[]
  t.same(
    tools.map(({ name }) => name),
    ['search_books', 'covers_read', 'books_read', 'place_order', 'orders_cancel'],
  )
  const [search, , read, place] = tools
  t.equal(search?.description, 'Finds books by words of their title or author.', 'the overlay is applied')
  t.same(search?.inputSchema.examples, [{ q: 'analytical engine', page_size: 3 }])
  t.notMatch(JSON.stringify(tools), /supplierNote|X-Shop-Key|x_shop_campaign/i)
  const page = { data: { type: 'array' }, next: { anyOf: [{ type: 'string' }, { type: 'null' }] } }
  t.same(search?.outputSchema?.properties, page, 'a brief answer tells the types of each field, one in each schema')
  t.match(read?.outputSchema, { properties: { title: { type: 'string' } } })
  t.match(place?.inputSchema, { required: ['lines', 'shipTo'], properties: { lines: { type: 'array' } } })

  const found = await client.call('search_books', {
    q: 'engine',
    filter: { language: 'en' },
    sort: ['title', '-price'],
  })
  t.notOk(found.isError, found.content[0]?.text ?? '')
  t.same(found.structuredContent, { data: [book], next: null })
  t.match(shop.seen.at(-1), {
    method: 'GET',
    url: '/shop/v4/books?q=engine&filter%5Blanguage%5D=en&sort=title,-price&page_size=5',
    headers: { 'x-shop-key': 'token-ada' },
  })
  t.notOk(shop.seen.at(-1)?.headers.authorization, 'the key goes where the document says, and nowhere else')

  t.same((await client.call('books_read', { isbn: book.isbn })).structuredContent, book)
  const cover = await client.call('covers_read', { isbn: book.isbn })
  t.match(cover.content.at(-1), { type: 'image', mimeType: 'image/png' })

  const order = {
    lines: [{ isbn: book.isbn, copies: 2 }],
    shipTo: { name: 'Ada', street: '1 Long Lane', city: 'Berlin' },
  }
  const placed = await client.call('place_order', { ...order, payment: { kind: 'gift', code: 'G1' }, note: null })
  t.notOk(placed.isError, placed.content[0]?.text ?? '')
  t.match(JSON.stringify(placed.content), /9007199254740993/, 'int64 over 2^53 is kept exact')
  t.same(JSON.parse(shop.seen.at(-1)?.body ?? ''), { ...order, payment: { kind: 'gift', code: 'G1' }, note: null })
  t.equal(shop.seen.at(-1)?.headers['x-shop-campaign'], 'agents')

  const sent = shop.seen.length
  const wrong = await client.call('books_read', { isbn: '12' })
  t.equal(wrong.isError, true)
  t.match(jsonOf(wrong.content.at(-1)?.text), {
    error: 'invalid-arguments',
    errors: [{ pointer: '/isbn', code: 'pattern' }],
  })
  t.equal(shop.seen.length, sent, 'nothing was sent')
  const missing = await client.call('books_read', { isbn: '9780000000000' })
  t.equal(missing.isError, true)
  t.match(JSON.stringify(missing.content), /There is nothing here/)
}

for (const flavour of FLAVOURS) {
  t.test(`a stranger's document with a stranger's curation: ${flavour} over HTTP`, async (t) => {
    const { url, shop, close } = await serveBookshop()
    t.teardown(close)
    await useShop(t, await connect(t, url, flavour), shop)
  })

  t.test(`a stranger's document with a stranger's curation: ${flavour} over stdio`, async (t) => {
    const shop = await startBookshop()
    t.teardown(() => shop.close())
    await useShop(t, await connectStdio(t, shop.url, flavour, SHOP_CURATION), shop)
  })
}
