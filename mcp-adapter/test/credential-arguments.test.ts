import t from 'tap'
import { bodyOf, operationOf } from './fixtures/operation.ts'

const string = { type: 'string' }
const dictionary = { type: 'object', additionalProperties: string }

t.test('auth headers supplied by the model: no argument is one, whatever the document says', async (t) => {
  const headers = [
    'Authorization',
    'X-API-Key',
    'token',
    'X-Auth-Token',
    'X-Own-Key',
    'Cookie',
    'Proxy-Authorization',
    'Mcp-Session-Id',
    'Host',
  ]
  const { names, request } = operationOf({
    parameters: [
      ...headers.map((name) => ({ name, in: 'header', required: true, schema: string })),
      { name: 'key', in: 'query', required: true, schema: string },
      ...['sid', 'JSESSIONID', 'my_login'].map((name) => ({ name, in: 'cookie', schema: string })),
      { name: 'X-Plain', in: 'header', schema: string },
      { name: 'theme', in: 'cookie', schema: string },
    ],
    securitySchemes: {
      a: { type: 'apiKey', in: 'header', name: 'x-own-key' },
      b: { type: 'apiKey', in: 'query', name: 'key' },
      c: { type: 'apiKey', in: 'cookie', name: 'MY_LOGIN' },
      d: { type: 'http', scheme: 'bearer' },
    },
  })
  t.same(names, ['x_plain', 'theme'])
  t.match(request({ x_plain: 'a', theme: 'dark' }).headers, { 'x-plain': 'a', cookie: 'theme=dark' })
})

t.test('the keys of an object cannot be the names of credentials', async (t) => {
  const securitySchemes = {
    q: { type: 'apiKey', in: 'query', name: 'api_key' },
    c: { type: 'apiKey', in: 'cookie', name: 'login' },
  }
  const { refusal, request } = operationOf({
    securitySchemes,
    parameters: [
      { name: 'filter', in: 'query', schema: dictionary },
      { name: 'deep', in: 'query', style: 'deepObject', explode: true, schema: dictionary },
      { name: 'prefs', in: 'cookie', schema: dictionary },
      { name: 'free', in: 'query', allowReserved: true, schema: string },
    ],
  })
  t.equal(refusal({ filter: { API_KEY: 'x' } }), '/filter/API_KEY carries a credential, which is never an argument')
  t.equal(refusal({ prefs: { login: 'x' } }), '/prefs/login carries a credential, which is never an argument')
  t.equal(request({ deep: { api_key: 'x' } }).path, '/x?deep%5Bapi_key%5D=x')
  t.equal(request({ free: 'a&api_key=x' }).path, '/x?free=a%26api_key=x')
  const whole = operationOf({
    securitySchemes,
    parameters: [
      { name: 'q', in: 'querystring', content: { 'application/x-www-form-urlencoded': { schema: dictionary } } },
    ],
  })
  t.match(whole.refusal({ q: { api_key: 'x' } }), /^\/q\/api_key carries a credential/)
})

t.test('a cookie value cannot begin another cookie', async (t) => {
  const { request, refusal } = operationOf({
    parameters: [
      { name: 'a', in: 'cookie', schema: string },
      { name: 'b', in: 'cookie', style: 'cookie', schema: string },
    ],
  })
  t.equal(request({ a: 'x; login=evil\r\n', b: 'y' }).headers.cookie, 'a=x%3B%20login%3Devil%0D%0A; b=y')
  t.match(refusal({ b: 'x; login=evil' }), /^\/b must hold only characters of a cookie value/)
})

t.test('a path value cannot leave its segment in any style', async (t) => {
  for (const [style, escapes] of [
    ['simple', ['', '.', '..']],
    ['label', ['', '.']],
    ['matrix', []],
  ] as const) {
    const { refusal, request } = operationOf({
      path: '/a/{v}/b',
      parameters: [{ name: 'v', in: 'path', required: true, style, schema: string }],
    })
    for (const value of escapes)
      t.equal(refusal({ v: value }), '/v must not be empty, "." or ".."', `${style} ${value}`)
    for (const value of ['../x', '%2E%2E', '\\..\\', '?x', '#x', ' ', '/', '..;x']) {
      const { path } = request({ v: value })
      t.match(path, /^\/a\/[^/?#\\ ]+\/b$/)
      t.equal(new URL(path, 'http://h').pathname, path, 'a URL parser leaves it as it is')
    }
  }
})

t.test('a segment that a server cuts at ";" cannot be ".." before it', async (t) => {
  const parameters = ['a', 'b'].map((name) => ({
    name,
    in: 'path',
    required: true,
    style: name === 'b' ? 'matrix' : 'simple',
    schema: string,
  }))
  const { refusal, request } = operationOf({ path: '/x/{a}{b}', parameters })
  t.equal(refusal({ a: '..', b: 'y' }), '/b must not be empty, "." or ".."')
  t.equal(request({ a: '...', b: '..' }).path, '/x/...;b=..')
})

t.test('a query or a fragment in a path template stays where it belongs', async (t) => {
  const { request } = operationOf({
    path: '/x/ü/{id}?action=get#docs',
    parameters: [
      { name: 'id', in: 'path', required: true, schema: string },
      { name: 'q', in: 'query', schema: string },
    ],
  })
  t.equal(request({ id: 'a?b', q: 'c' }).path, '/x/%C3%BC/a%3Fb?action=get&q=c')
})

t.test('a header that cannot hold a value refuses it clearly', async (t) => {
  const { refusal, request } = operationOf({
    parameters: [
      { name: 'X-A', in: 'header', schema: string },
      { name: 'X-L', in: 'header', schema: { type: 'array', items: string } },
    ],
  })
  t.equal(refusal({ x_a: 'é' }), '/x_a must be printable ASCII text')
  t.equal(refusal({ x_a: 'a\r\nx: y' }), '/x_a must be printable ASCII text')
  t.equal(refusal({ x_a: ' a' }), '/x_a must not begin or end with a space')
  t.equal(refusal({ x_l: ['a,b', 'c'] }), '/x_l must not hold ",", which separates values (style simple)')
  t.equal(request({ x_l: ['a', 'b'] }).headers['x-l'], 'a,b')
  t.notOk('x-l' in request({ x_l: [] }).headers)
})

t.test(
  'x-mcp-header stays in the published schema, and a tool whose x-mcp-header breaks its rules is refused',
  async (t) => {
    const marked = (name: unknown, more: object = string) => ({ ...more, 'x-mcp-header': name, 'x-other': 1 })
    const { published } = operationOf({
      parameters: [
        { name: 'region', in: 'query', schema: marked('Region') },
        { name: 'tenant', in: 'query', schema: string, 'x-mcp-header': 'Tenant' },
      ],
      requestBody: bodyOf({
        type: 'object',
        properties: {
          n: marked('N', { type: 'integer', format: 'int64' }),
          sub: { type: 'object', properties: { b: marked('B', { type: 'boolean' }) } },
        },
      }),
    })
    t.same(published.properties, {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      tenant: { type: 'string', 'x-mcp-header': 'Tenant' },
      n: { type: 'integer', format: 'int64', 'x-mcp-header': 'N' },
      sub: { type: 'object', properties: { b: { type: 'boolean', 'x-mcp-header': 'B' } } },
    })
    const broken: [object, RegExp][] = [
      [marked('a b'), /must be a header name/],
      [marked(''), /must be a header name/],
      [marked(3), /must be a header name/],
      [marked('A', { type: 'number' }), /is for values of type string, integer or boolean/],
      [marked('A', { type: 'object' }), /is for values of type/],
      [marked('A', { type: ['string', 'null'] }), /must be reached through properties alone/],
      [{ type: 'array', items: marked('A') }, /must be reached through properties alone/],
      [{ anyOf: [marked('A'), { type: 'null' }] }, /must be reached through properties alone/],
    ]
    for (const [schema, message] of broken)
      t.throws(() => operationOf({ parameters: [{ name: 'p', in: 'query', schema }] }), message)
    const twice = ['a', 'b'].map((name, i) => ({ name, in: 'query', schema: marked(i === 0 ? 'Same' : 'SAME') }))
    t.throws(() => operationOf({ parameters: twice }), /"SAME" is given twice/)
  },
)
