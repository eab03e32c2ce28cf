import fc from 'fast-check'
import t from 'tap'
import { readForm, readMultipart } from './fixtures/echo/bodies.ts'
import { startEcho } from './fixtures/echo/server.ts'
import { bodyOf, operationOf } from './fixtures/operation.ts'

const string = { type: 'string' }
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })

t.test('urlencoded: fields by their encoding, lists repeated, objects as JSON', async (t) => {
  const fields = {
    plain: string,
    list: { type: 'array', items: string },
    nested: object({ a: { type: 'integer' } }),
    deep: object({ b: object({ c: string }) }),
    joined: { type: 'array', items: string },
    piped: { type: 'array', items: string },
    none: { type: ['string', 'null'] },
  }
  const encoding = {
    deep: { style: 'deepObject', explode: true },
    joined: { style: 'form', explode: false },
    piped: { style: 'pipeDelimited', explode: false },
  }
  const { names, request } = operationOf({
    requestBody: bodyOf(object(fields), 'application/x-www-form-urlencoded', { encoding }),
  })
  t.same(names, Object.keys(fields))
  const { headers, body } = request({
    plain: 'a b&c=é',
    list: ['x', 'y'],
    nested: { a: 1 },
    deep: { b: { c: 'd' } },
    joined: ['1', '2,3'],
    piped: ['p', 'q'],
    none: null,
  })
  t.equal(headers['content-type'], 'application/x-www-form-urlencoded')
  t.same(readForm(Buffer.from(String(body))), [
    ['plain', 'a b&c=é'],
    ['list', 'x'],
    ['list', 'y'],
    ['nested', '{"a":1}'],
    ['deep[b][c]', 'd'],
    ['joined', '1,2,3'],
    ['piped', 'p|q'],
    ['none', ''],
  ])
  t.match(String(body), 'joined=1,2%2C3')
})

t.test('multipart with binary and nested objects arrives byte by byte', async (t) => {
  const echo = await startEcho()
  t.teardown(echo.close)
  const file = { type: 'string', contentMediaType: 'application/octet-stream' }
  const { published, request } = operationOf({
    requestBody: bodyOf(
      object(
        {
          title: string,
          meta: object({ a: { type: 'integer' } }),
          image: { type: 'string', format: 'binary', description: 'Words.' },
          more: { type: 'array', items: file },
          tags: { type: 'array', items: string },
          xml: string,
        },
        { required: ['image'] },
      ),
      'multipart/form-data',
      {
        encoding: {
          image: {
            contentType: 'image/png, image/jpeg',
            headers: {
              'X-Kind': { schema: { type: 'string', default: 'photo' } },
              'Content-Type': { schema: { default: 'evil/x' } },
            },
          },
          xml: { contentType: 'application/xml' },
        },
      },
    ),
  })
  const { image } = published.properties as Record<string, { type: string; description: string; properties: object }>
  t.equal(image?.description, 'Words.')
  t.same(Object.keys(image?.properties ?? {}), ['text', 'data', 'contentType', 'filename'])
  const bytes = fc.uint8Array({ maxLength: 200 })
  const name = fc.oneof(
    fc.constantFrom('a"b.png', 'é 日本.png', 'a;b="c"'),
    fc.string({ minLength: 1 }).filter((text) => !/[\p{Cc}/\\]/u.test(text)),
  )
  await fc.assert(
    fc.asyncProperty(bytes, name, fc.string({ unit: 'grapheme' }), async (data, filename, title) => {
      const wire = await echo.send(
        request({
          title,
          meta: { a: 1 },
          image: { data: Buffer.from(data).toString('base64'), filename, contentType: 'image/jpeg' },
          more: [{ text: 'one' }, { text: 'two', filename: '2.txt', contentType: 'text/plain' }],
          tags: ['x', 'y'],
          xml: '<a/>',
        }),
      )
      const parts = readMultipart(String(wire.headers['content-type']), wire.body)
      const told = parts.map(({ name, filename, headers, content }) => [
        name,
        filename,
        headers['content-type'],
        content.toString('latin1'),
      ])
      t.strictSame(told, [
        ['title', undefined, undefined, Buffer.from(title).toString('latin1')],
        ['meta', undefined, 'application/json', '{"a":1}'],
        ['image', filename, 'image/jpeg', Buffer.from(data).toString('latin1')],
        ['more', 'file', 'application/octet-stream', 'one'],
        ['more', '2.txt', 'text/plain', 'two'],
        ['tags', undefined, undefined, 'x'],
        ['tags', undefined, undefined, 'y'],
        ['xml', undefined, 'application/xml', '<a/>'],
      ])
      t.equal(parts[2]?.headers['x-kind'], 'photo')
    }),
    { seed: 5, numRuns: 30 },
  )
})

t.test('a file says what it is and cannot write headers', async (t) => {
  const { refusal, request } = operationOf({
    requestBody: bodyOf(object({ file: { type: 'string', format: 'binary' } }), 'multipart/form-data', {
      encoding: { file: { contentType: 'image/*' } },
    }),
  })
  t.equal(refusal({ file: {} }), '/file must have either "text" or "data"')
  t.equal(refusal({ file: { text: 'a', data: 'YQ==' } }), '/file must have either "text" or "data"')
  t.equal(refusal({ file: { data: 'not base64!' } }), '/file/data must be base64')
  t.equal(
    refusal({ file: { text: 'a', filename: 'a\r\nX-Evil: 1' } }),
    '/file/filename must be a name, without folders and control characters',
  )
  t.equal(
    refusal({ file: { text: 'a', filename: '../a' } }),
    '/file/filename must be a name, without folders and control characters',
  )
  t.equal(
    refusal({ file: { text: 'a', contentType: 'image/png\r\nX-Evil: 1' } }),
    '/file/contentType must be a media type',
  )
  t.equal(refusal({ file: { text: 'a', contentType: 'text/html' } }), '/file/contentType must be one of image/*')
  t.equal(refusal({ file: 'YQ==' }), '/file must be object')
  t.match(String(request({ file: { data: 'YQ', filename: 'a"b' } }).body), 'filename="a%22b"')
})

t.test('multipart fields with a style, and a body that is one argument', async (t) => {
  const styled = operationOf({
    requestBody: bodyOf(
      object({ list: { type: 'array', items: string }, deep: object({ a: string }) }),
      'multipart/form-data',
      {
        encoding: { list: { style: 'pipeDelimited', explode: false }, deep: { style: 'deepObject', explode: true } },
      },
    ),
  })
  const read = ({ headers, body }: ReturnType<typeof styled.request>) =>
    readMultipart(String(headers['content-type']), Buffer.from(body ?? '')).map(({ name, content }) => [
      name,
      String(content),
    ])
  t.same(read(styled.request({ list: ['a', 'b'], deep: { a: 'x' } })), [
    ['list', 'a|b'],
    ['deep[a]', 'x'],
  ])
  t.equal(
    styled.refusal({ list: ['a|b', 'c'] }),
    '/list must not hold "|", which separates values (style pipeDelimited)',
  )
  const whole = operationOf({
    schemas: { Up: object({ file: { type: 'string', format: 'binary' } }) },
    requestBody: bodyOf(
      { anyOf: [{ $ref: '#/components/schemas/Up' }, object({ url: string })] },
      'multipart/form-data',
    ),
  })
  t.same(whole.names, ['body'])
  t.same(read(whole.request({ body: { file: { text: 'x' } } })), [['file', 'x']])
  t.equal(whole.refusal({ body: { file: { data: '!' } } }), '/body/file/data must be base64')
})
