import t from 'tap'
import { parseFile } from '../src/document/parse.ts'
import { readDocument } from '../src/document/read.ts'
import { loadFrom, openapi } from './fixtures/documents.ts'
import { folder } from './fixtures/folder.ts'

const parse = (text: string | Uint8Array, name = 'd.json') =>
  parseFile(typeof text === 'string' ? new TextEncoder().encode(text) : text, name)

t.test('duplicate keys are refused with file, line and column, in JSON and in YAML', async (t) => {
  await t.rejects(parse('{\n "a": 1,\n "b": {"c": 1, "\\u0063": 2}\n}'), {
    name: 'ConfigError',
    message: 'd.json:3:16: Cannot read the document: the name "c" is given twice',
  })
  await t.rejects(parse('a: 1\nb: {c: 1}\n"a": 2\n', 'd.yaml'), {
    message: 'd.yaml:3:1: Cannot read the document: the name "a" is given twice',
  })
  await t.rejects(parse('"200": 1\n200: 2\n', 'd.yaml'), { message: /the name "200" is given twice/ })
  await t.rejects(parse('{"__proto__": 1, "__proto__": 2}'), { message: /the name "__proto__" is given twice/ })
  t.same(await parse('{"a:\\"": ["a", {"a": ":"}, "\\\\"], "b" : {"a": "\\"x\\":"}}'), {
    'a:"': ['a', { a: ':' }, '\\'],
    b: { a: '"x":' },
  })
})

t.test('a text that is neither JSON nor YAML is told with its place', async (t) => {
  await t.rejects(parse('{\n  "a": 1,\n  "b": x\n}'), { message: /^d\.json:3:8: / })
  await t.rejects(parse('{"a": 1'), { message: /^d\.json:1:8: / })
  await t.rejects(parse('a:\n  - "x\nb: 1\n', 'd.yaml'), { message: /^d\.yaml:\d+:\d+: / })
  await t.rejects(parse('a: 1\n---\nb: 1\n', 'd.yaml'), { message: /multiple documents/ })
  await t.rejects(parse('a: *no\n', 'd.yaml'), { message: /^d\.yaml:1:4: .*no/ })
  await t.rejects(parse('a: .inf\n', 'd.yaml'), { message: /^d\.yaml:1:4: .*no such number/ })
  await t.rejects(parse('? [a]\n: 1\n', 'd.yaml'), { message: /^d\.yaml:1:/ })
})

t.test('YAML bombs are refused: aliases that multiply, that are endless, or too many', async (t) => {
  const lines = ['l0: &l0 [x, x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 9; level++) {
    const alias = `*l${level - 1}`
    lines.push(`l${level}: &l${level} [${Array(10).fill(alias).join(', ')}]`)
  }
  await t.rejects(parse(lines.join('\n'), 'd.yaml'), { message: /its aliases make \d+ values \d{9,}/ })
  await t.rejects(parse('a: &a\n  b: *a\n', 'd.yaml'), { message: /^d\.yaml:2:6: .*\*a stands inside/ })
  await t.rejects(parse(`a: &a 1\nb: [${Array(10_001).fill('*a').join(',')}]\n`, 'd.yaml'), {
    message: /10000 aliases/,
  })
})

t.test('an alias used as often as people do is written out, and each copy is a value of its own', async (t) => {
  const uses = Array.from({ length: 500 }, (_, i) => `p${i}: *shared`).join('\n')
  const value = (await parse(`s: &shared {type: string}\nm: {<<: *shared, a: 1}\n${uses}\n`, 'd.yaml')) as Record<
    string,
    object
  >
  t.same(value.p499, { type: 'string' })
  t.not(value.p1, value.p2)
  t.same(value.m, { type: 'string', a: 1 })
})

t.test('nesting without end is refused before anything recurses into it', async (t) => {
  const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  await t.rejects(parse(deep(300)), { message: /nested deeper than 256 levels/ })
  await t.rejects(parse('['.repeat(2_000_000) + ']'.repeat(2_000_000)), { message: /nested deeper/ })
  await t.rejects(parse(`a: ${'['.repeat(100_000)}`, 'd.yaml'), { message: /d\.yaml/ })
  await t.rejects(parse(`a: ${'['.repeat(300)}${']'.repeat(300)}`, 'd.yaml'), { message: /nested deeper/ })
  t.ok(await parse(deep(200)))
})

t.test('a byte order mark is skipped; UTF-16, other encodings and binaries are refused', async (t) => {
  t.same(await parse(Buffer.from('\ufeff{"a": 1}')), { a: 1 })
  t.same(await parse(Buffer.from('\ufeffa: 1'), 'd.yaml'), { a: 1 })
  await t.rejects(parse(Buffer.from('\ufeff{"a": 1}', 'utf16le')), { message: /^d\.json: .*UTF-16.*UTF-8/ })
  await t.rejects(parse(Buffer.from('{"a": 1}', 'utf16le')), { message: /UTF-16/ })
  await t.rejects(parse(Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x7d])), { message: /not UTF-8/ })
})

t.test('YAML is read as OpenAPI wants it, whatever its directive says', async (t) => {
  t.same(await parse('%YAML 1.1\n---\na: yes\nb: 2001-01-01\nc: 0o17\nd: no\n', 'd.yaml'), {
    a: 'yes',
    b: '2001-01-01',
    c: 15,
    d: 'no',
  })
  t.same(await parse('{a: 1}', 'd.yaml'), { a: 1 })
})

t.test('keys of Object.prototype are only keys', async (t) => {
  for (const [text, name] of [
    ['{"__proto__": {"polluted": 1}, "constructor": 2}', 'd.json'],
    ['__proto__: {polluted: 1}\nconstructor: 2\n', 'd.yaml'],
    ['x: &x 1\ny: *x\n__proto__: {polluted: 1}\nconstructor: 2\n', 'd.yaml'],
  ] as const) {
    const value = (await parse(text, name)) as object
    t.ok(Object.hasOwn(value, '__proto__'), name)
    t.equal((value as { polluted?: number }).polluted, undefined)
    t.equal(Object.getPrototypeOf(value), Object.prototype)
  }
})

t.test('oversize: a document of more than 16 MB is refused, alone and with its files', async (t) => {
  const filler = ' '.repeat(9 * 1024 * 1024)
  const path = folder(t, {
    'big.json': filler + filler + JSON.stringify(openapi({})),
    'half.json': filler + JSON.stringify(openapi({ '/a': { $ref: 'other.json' }, '/b': { get: { responses: {} } } })),
    'other.json': `${filler}{"get":{"responses":{}}}`,
  })
  await t.rejects(loadFrom(path, 'big.json'), {
    name: 'ConfigError',
    message: /big\.json: it is larger than 16777216 bytes/,
  })
  const document = await loadFrom(path, 'half.json')
  t.same([...document.operations.keys()], ['get_b'])
  t.match(document.leftOut, [{ operation: '/a', reason: /other\.json: it is larger than/ }])
})

t.test('what is no OpenAPI document is refused with its name', async (t) => {
  const path = folder(t, { 'a.json': [], 'b.json': { openapi: '4.0.0' }, 'c.yaml': '', 'd.json': { swagger: '1.2' } })
  for (const name of ['a.json', 'b.json', 'c.yaml', 'd.json'])
    await t.rejects(loadFrom(path, name), {
      name: 'ConfigError',
      message: new RegExp(`${name} is not an OpenAPI document`),
    })
  await t.rejects(loadFrom(path, '.'), { message: /it is not a file/ })
  await t.rejects(loadFrom(path, '/dev/zero'), { message: /it is not a file/ })
  t.throws(() => readDocument({ openapi: '3.10.0' }, 'x'), /x is not an OpenAPI document/)
})
