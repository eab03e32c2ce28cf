import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { ConfigError } from '../src/errors.ts'
import type { Json, JsonObject } from '../src/json.ts'
import { copyOf } from '../src/overlays/merge.ts'
import { applyOverlay, applyOverlays } from '../src/overlays/overlay.ts'

const info = { title: 'o', version: '1' }
const pets = (): JsonObject => ({
  openapi: '3.0.3',
  tags: [{ name: 'pets' }],
  paths: {
    '/pets': {
      get: { operationId: 'listPets', tags: ['pets', 'old'], deprecated: true },
      post: { operationId: 'addPet' },
    },
    "/it's": { get: { operationId: 'its' } },
  },
})

/** The document after the actions, and what was reported. */
function apply(document: Json, ...actions: Json[]): { document: JsonObject; said: string[] } {
  const said: string[] = []
  const changed = applyOverlay(document, { overlay: '1.1.0', info, actions }, (path, message) =>
    said.push(`${path.join('.')}: ${message}`),
  )
  return { document: changed as JsonObject, said }
}
const paths = (document: JsonObject) => document.paths as Record<string, JsonObject>

t.test('update merges objects, appends to arrays and replaces primitive values', async (t) => {
  const { document, said } = apply(
    pets(),
    { target: "$.paths['/pets'].get", update: { summary: 'List', tags: ['new'], deprecated: false } },
    { target: '$.tags', update: { name: 'one' } },
    { target: '$.tags', update: [{ name: 'two' }, { name: 'three' }] },
    { target: '$.openapi', update: '3.0.4' },
    { target: '$.paths.*.get', update: { 'x-each': { a: [1] } } },
  )
  t.same(said, [])
  t.same(paths(document)['/pets']?.get, {
    operationId: 'listPets',
    tags: ['pets', 'old', 'new'],
    deprecated: false,
    summary: 'List',
    'x-each': { a: [1] },
  })
  t.same(document.tags, [{ name: 'pets' }, { name: 'one' }, { name: 'two' }, { name: 'three' }])
  t.equal(document.openapi, '3.0.4')
  t.not(paths(document)['/pets']?.get?.['x-each' as never], paths(document)["/it's"]?.get?.['x-each' as never])
})

t.test('remove takes members and entries away, also several of one array, and names with quotes', async (t) => {
  const { document, said } = apply(
    { ...pets(), list: [1, 2, 3, 2, 1] },
    { target: '$.list[?@ == 1 || @ == 2]', remove: true },
    { target: "$.paths['/pets'].get.tags[?@ == 'old']", remove: true },
    { target: "$.paths['/it\\'s']", remove: true },
    { target: '$.paths.*[?@.operationId == "addPet"]', remove: true, update: { never: 1 } },
  )
  t.same(said, [])
  t.same(document.list, [3])
  t.same(paths(document), { '/pets': { get: { operationId: 'listPets', tags: ['pets'], deprecated: true } } })
})

t.test('copy takes one node to others, and actions see what the ones before them did', async (t) => {
  const { document, said } = apply(
    pets(),
    { target: "$.paths['/pets'].get", update: { 'x-new': { b: 1 } } },
    { target: "$.paths['/pets'].post", copy: "$.paths['/pets'].get['x-new']" },
  )
  t.same(said, [])
  t.same(paths(document)['/pets']?.post, { operationId: 'addPet', b: 1 })
})

t.test(
  'a target that names one place and finds nothing is reported with the nearest right name; a search may find nothing',
  async (t) => {
    const { said } = apply(
      pets(),
      { target: "$.paths['/pet'].get", remove: true },
      { target: '$.paths[*].get[?@.nothing]', remove: true },
      { target: '$..nothing', remove: true },
      { target: '$.tags[4]', remove: true },
    )
    t.same(said, [
      'actions.0.target: The document has no "/pet" at $["paths"]. Did you mean "/pets"?',
      'actions.3.target: The document has no 4 at $["tags"].',
    ])
  },
)

t.test('what does not fit is reported with its place, and the other actions still count', async (t) => {
  const { document, said } = apply(
    pets(),
    { target: '$.info[', remove: true },
    { target: '$.tags', update: 1, extra: true },
    { target: '$.openapi', update: { a: 1 } },
    { target: '$.paths', update: ['a'] },
    { target: '$.paths', update: { '/pets': 'x' } },
    { target: '$..*', update: 1 },
    { target: '$', remove: true },
    { target: '$.openapi', copy: '$.tags[*].name' },
    { target: '$.x', copy: '$.tags', update: 1 },
    { target: '$.tags', copy: '$.paths.*' },
    { target: '$', update: { 'x-late': true } },
  )
  t.equal(document['x-late'], true)
  const wanted = [
    /^actions\.1\.extra: Unknown key "extra"/,
    /^actions\.8: "actions\.8" cannot have both "update" and "copy"/,
    /^actions\.0\.target: .+/,
    /^actions\.2\.update: The target is a primitive value/,
    /^actions\.3\.update: The target is an object and cannot become an array/,
    /^actions\.4\.update: \/\/pets is an object and cannot become a primitive value: remove it first/,
    /^actions\.5\.update: The target selects \w+s and \w+s and \w+s: they cannot be changed by one action/,
    /^actions\.6\.target: The whole document cannot be removed/,
    /^actions\.8\.target: The document has no "x"/,
    /^actions\.9\.copy: It must select one node; it selects 2/,
  ]
  for (const pattern of wanted)
    t.ok(
      said.some((each) => pattern.test(each)),
      `${pattern} in ${said.join('\n')}`,
    )
  t.equal(said.length, wanted.length)
})

t.test('an overlay of another shape or version is refused', async (t) => {
  const said = (overlay: Json) => {
    const all: string[] = []
    applyOverlay(pets(), overlay, (path, message) => all.push(`${path.join('.')}: ${message}`))
    return all
  }
  t.match(said({ overlay: '2.0.0', info, actions: [{ target: '$' }] }), [/^overlay: .*Versions 1\.0 and 1\.1/])
  t.match(said({ overlay: '1.0.0', info, actions: [] }), [/^actions: .*fewer than 1/])
  t.match(said({ overlay: '1.0.0', info, action: [] }), [
    /needs "actions"/,
    /Unknown key "action"\. Did you mean "actions"/,
  ])
  t.match(said([]), [/must be object/])
})

t.test('__proto__ and constructor in a document or an update are names like others', async (t) => {
  const change = JSON.parse(
    '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
  ) as Json
  const { document, said } = apply(JSON.parse('{"a": {"__proto__": {"b": 1}}}') as Json, {
    target: '$.a',
    update: change,
  })
  t.same(said, [])
  t.equal(({} as { polluted?: boolean }).polluted, undefined)
  t.equal(
    JSON.stringify(document.a),
    '{"__proto__":{"b":1,"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  )
  t.match(apply(pets(), { target: '$.constructor', remove: true }).said, [/has no "constructor"/])
})

t.test('what YAML aliases make one object is changed where the target is, and nowhere else', async (t) => {
  const shared = { type: 'string' }
  const { document } = apply({ a: shared, b: shared }, { target: '$.a', update: { type: 'integer' } })
  t.same(document, { a: { type: 'integer' }, b: { type: 'string' } })
  t.same(shared, { type: 'string' })
})

t.test('removing what is selected leaves nothing for the same selection, and the input is never changed', async (t) => {
  const expressions = ['$.a', '$[*]', '$..a', '$..b[0]', '$..*[?@.a]', '$[0,1,0]', '$..[1:]', "$['a','a']"]
  const tree = fc.letrec<{ node: Json }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(1, 'x', null),
      fc.dictionary(fc.constantFrom('a', 'b', "c'\\\n"), tie('node'), { maxKeys: 3 }),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
  })).node
  fc.assert(
    fc.property(tree, fc.constantFrom(...expressions), (document, target) => {
      const before = copyOf(document)
      let changed = document
      // One removal may move entries to where others were (an index); after as many as there are nodes, none is left.
      for (let i = 0; i < 50; i++) changed = apply(changed, { target, remove: true }).document
      t.matchOnlyStrict(document, before)
      const again = apply(changed, { target, remove: true })
      return JSON.stringify(again.document) === JSON.stringify(changed)
    }),
    { seed: 5, numRuns: 100 },
  )
})

const directory = mkdtempSync(join(tmpdir(), 'handrail-overlay-'))
const file = (name: string, text: string) => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

t.test('files are applied in their order, and what is wrong is told with file, line and column', async (t) => {
  const head = `overlay: 1.0.0\ninfo: { title: a, version: 1 }\n`
  const one = file('one.yaml', `${head}extends: api.yaml\nactions:\n  - target: $.tags\n    update: { name: one }\n`)
  const two = file(
    'two.json',
    JSON.stringify({ overlay: '1.1.0', info, actions: [{ target: '$.tags[1].name', update: 'two' }] }),
  )
  const document = applyOverlays(pets(), [one, two], join(directory, 'api.yaml')) as JsonObject
  t.same(document.tags, [{ name: 'pets' }, { name: 'two' }])

  const wrong = file(
    'wrong.yaml',
    `${head}extends: https://other.example/other.yaml\nactions:\n  - target: $.tagz\n    remove: true\n`,
  )
  const said = (source: string) => {
    try {
      applyOverlays(pets(), [wrong], source)
      return ''
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return error.message
    }
  }
  t.equal(
    said(join(directory, 'api.yaml')),
    `${wrong}:3:10: It is for another document: https://other.example/other.yaml`,
  )
  t.equal(
    said('https://other.example/other.yaml'),
    `${wrong}:5:13: The document has no "tagz" at $. Did you mean "tags"?`,
  )
  t.equal(said(join(directory, 'other.yaml')), `${wrong}:5:13: The document has no "tagz" at $. Did you mean "tags"?`)
  t.throws(
    () => applyOverlays(pets(), [join(directory, 'none.yaml')], 'x'),
    /Cannot read the overlay .*none\.yaml: ENOENT/,
  )
  rmSync(directory, { recursive: true })
})

t.test('a search through a document of megabytes ends, and selects each node once', async (t) => {
  const schemas = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, i) => [
      `S${i}`,
      { type: 'object', properties: { a: { type: 'string', description: 'x'.repeat(100) } } },
    ]),
  )
  const { document, said } = apply(
    { components: { schemas } },
    { target: '$..properties[?@.type == "string"]', update: { 'x-seen': 1 } },
  )
  t.same(said, [])
  t.equal(JSON.stringify(document).split('x-seen').length - 1, 20_000)
})
