import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { parse } from 'yaml'
import { readCuration } from '../src/curation/read.ts'
import { ConfigError } from '../src/errors.ts'
import { isObject, type Json, type JsonObject } from '../src/json.ts'
import { PROFILES } from '../src/profiles/profiles.ts'

const read = (place: string) => readFileSync(new URL(place, import.meta.url), 'utf8')
const schema = JSON.parse(read('../tools.schema.json')) as JsonObject

t.test('the published schema is strict JSON Schema 2020-12', async (t) => {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: false, logger: false })
  t.ok(ajv.validateSchema(schema), ajv.errorsText(ajv.errors))
  const check = ajv.compile(schema)
  for (const file of ['../tools.yaml', './fixtures/tools.yaml', './fixtures/bookshop/tools.yaml'])
    t.ok(check(parse(read(file))), `${file} ${ajv.errorsText(check.errors)}`)
})

/** The keys of a schema that say nothing of themselves. */
function silent(value: Json, path: string): string[] {
  if (!isObject(value)) return []
  const target =
    typeof value.$ref === 'string'
      ? value.$ref
          .slice(2)
          .split('/')
          .reduce<Json>((at, step) => (at as JsonObject)[step] as Json, schema)
      : value
  const members = Object.entries(isObject(value.properties) ? value.properties : {}).flatMap(([name, each]) => {
    const own = isObject(each) && typeof each.$ref === 'string' ? silent(each, `${path}.${name}`) : []
    const isSaid =
      isObject(each) && (typeof each.description === 'string' || (typeof each.$ref === 'string' && own.length === 0))
    return [
      ...(isSaid ? [] : [`${path}.${name}`]),
      ...(isObject(each) && each.$ref === undefined ? silent(each, `${path}.${name}`) : []),
    ]
  })
  const self = value.$ref !== undefined && isObject(target) && typeof target.description !== 'string' ? [path] : []
  const inside = [value.items, value.additionalProperties, ...(Array.isArray(value.anyOf) ? value.anyOf : [])].flatMap(
    (each) => (each === undefined ? [] : silent(each, path)),
  )
  return [...self, ...members, ...inside]
}

t.test('every key has a description, which editors show', async (t) => {
  t.same(silent(schema, ''), [])
  for (const [name, each] of Object.entries(schema.$defs as JsonObject))
    if (name !== 'rule') t.same(silent(each, name), [])
})

t.test('an editor finds the schema by the first line of our own file, and knows our profiles', async (t) => {
  t.match(read('../tools.yaml'), /^# yaml-language-server: \$schema=\.\/tools\.schema\.json\n/)
  t.same((schema.properties as JsonObject).profile, {
    ...((schema.properties as JsonObject).profile as JsonObject),
    enum: ['auto', ...PROFILES],
  })
})

const directory = mkdtempSync(join(tmpdir(), 'handrail-curation-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const file = join(directory, 'tools.yaml')

/** What is said about a curation file, without the file's name. */
function complaints(text: string): string[] {
  writeFileSync(file, text)
  try {
    readCuration(file)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').map((line) => line.replace(`${file}:`, ''))
  }
}
const server = 'server: { name: x }\n'
const head = `${server}backend: { openapi: a.yaml }\n`

t.test('an entry that names nothing gets one finding, and so does a credential that is none', async (t) => {
  t.same(complaints(`${head}tools:\n  - title: x\n`), ['4:5: "tools.0" needs one of "operation", "tag", "methods"'])
  const of = (credential: string) =>
    complaints(`${server}backend: { openapi: a, credential: ${credential} }\ntools: [{ operation: x }]\n`)
  t.same(of('callr'), ['2:36: "backend.credential" must be "caller", "none", or have "scheme". Did you mean "caller"?'])
  t.same(of('7'), ['2:36: "backend.credential" must be "caller", "none", or have "scheme".'])
  t.same(of('{ schem: a }'), [
    '2:36: "backend.credential" needs "scheme"',
    '2:38: Unknown key "schem". Did you mean "scheme"?',
  ])
  t.same(of('{ scheme: a, env: lower }').length, 1)
  t.same(of('{ scheme: a }'), [])
})

t.test('fields of one operation do not go with a rule, and exceptions do not go with one operation', async (t) => {
  t.same(complaints(`${head}tools:\n  - tag: x\n    methods: [GET]\n    name: y\n    examples: []\n`), [
    '6:5: "name" does not go here. It is about one operation; "tag" and "methods" choose several.',
    '7:5: "examples" does not go here. It is about one operation; "tag" and "methods" choose several.',
  ])
  t.same(complaints(`${head}tools:\n  - operation: x\n    except: [y]\n`), [
    '5:5: "except" does not go here. It leaves something out of what "tag" or "methods" choose.',
  ])
  t.match(complaints(`${head}tools:\n  - operation: x\n    tag: y\n`), [/^4:5: "operation" does not go here/])
})

t.test('a value of a closed list is told with the nearest right one', async (t) => {
  t.same(complaints(`${head}tools:\n  - methods: [get, POTS]\nprofile: openia\n`), [
    '4:15: "tools.0.methods.0" must be one of GET, HEAD, PUT, POST, PATCH, DELETE. Did you mean "GET"?',
    '4:20: "tools.0.methods.1" must be one of GET, HEAD, PUT, POST, PATCH, DELETE. Did you mean "POST"?',
    '5:10: "profile" must be one of auto, full, anthropic, openai, gemini. Did you mean "openai"?',
  ])
})

t.test('one API or several: never both, and never none', async (t) => {
  const tools = 'tools: [{ operation: x }]\n'
  t.same(complaints(server + tools), ['1:1: the file must have either "backend" or "backends"'])
  t.match(complaints(`${head}backends: { b: { openapi: b } }\n${tools}`), [/^3:\d+: the file must have either/])
  t.same(complaints(`${server}backends: { B: { openapi: b } }\n${tools}`), ['2:13: "B" cannot be a name here.'])
})

t.test('YAML bombs, cycles, endless depth, duplicate keys and huge files are refused with their place', async (t) => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i++) {
    const before = String.fromCharCode(96 + i)
    const name = String.fromCharCode(97 + i)
    bomb.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`)
  }
  t.match(complaints(`${bomb.join('\n')}\n${head}`), [/^1:1: YAML: Excessive alias count/])
  t.match(complaints(`${head}tools:\n  - operation: x\n    parameters: { a: { default: &a [*a] } }\n`), [
    /^5:\d+: YAML: nested deeper than 100/,
  ])
  t.match(complaints(`a: ${'['.repeat(150)}${']'.repeat(150)}`), [/^1:\d+: YAML: nested deeper than 100/])
  t.match(complaints(`a: ${'['.repeat(100_000)}`)[0], /^1:\d+: YAML: /)
  t.match(complaints(`${server}server: { name: y }\n`), [/^2:1: YAML: Map keys must be unique/])
  t.match(complaints(`# ${'x'.repeat(4 * 1024 * 1024)}\n${head}`), [
    /^Cannot read the curation file .*it is larger than 4194304 bytes/,
  ])
  for (const text of ['', '- a\n', 'text\n', '7\n']) t.match(complaints(text), [/^1:1: the file must be object/])
})

t.test('arguments named constructor or __proto__: such keys are unknown like others, and change nothing', async (t) => {
  t.same(
    complaints(
      `${head}__proto__: { tools: [] }\nconstructor: 1\ntools: [{ operation: x, __proto__: { confirm: true } }]\n`,
    ),
    ['3:1: Unknown key "__proto__".', '4:1: Unknown key "constructor".', '5:25: Unknown key "__proto__".'],
  )
  writeFileSync(
    file,
    `${head}tools: [{ operation: x, parameters: { __proto__: { hidden: true }, constructor: { fixed: 1 } } }]\n`,
  )
  const { parameters = {} } = readCuration(file).curation.tools[0] ?? {}
  t.same(Object.keys(parameters), ['__proto__', 'constructor'])
  t.equal(Object.getPrototypeOf(parameters), Object.prototype)
})

t.test('aliases that are few are read', async (t) => {
  t.same(complaints(`${head}tools:\n  - operation: x\n    parameters: { a: &p { hidden: true }, b: *p }\n`), [])
})
