import t from 'tap'
import type { JsonObject } from '../src/json.ts'
import { PROFILES, profileOf, publishFor } from '../src/profiles/profiles.ts'
import { HOSTS } from './fixtures/hosts.ts'
import { shown, toolOf } from './fixtures/profiled.ts'

t.test('a profile is what the file says, or what the client is called', async (t) => {
  const of = (configured: string | undefined, name?: string) =>
    profileOf(configured, name === undefined ? undefined : { name })
  t.equal(of('full', 'gemini-cli-mcp-client'), 'full')
  t.equal(of('auto', 'gemini-cli-mcp-client'), 'gemini')
  t.equal(of(undefined, 'claude-ai'), 'anthropic')
  t.equal(of(undefined, 'claude-code'), 'anthropic')
  for (const name of ['Visual Studio Code', 'cursor-vscode', 'codex-mcp-client', 'never-heard-of'])
    t.equal(of(undefined, name), 'openai', name)
  t.equal(of(undefined), 'openai')
})

t.test('a root oneOf, anyOf or allOf becomes one object: the properties of all, and the choice in words', async (t) => {
  const choice: JsonObject = {
    type: 'object',
    required: ['kind'],
    properties: { kind: { type: 'string' } },
    oneOf: [
      { title: 'By mail', required: ['mail'], properties: { mail: { type: 'string' }, at: { type: 'string' } } },
      { $ref: '#/$defs/Phone' },
    ],
    $defs: { Phone: { required: ['phone'], properties: { phone: { type: 'string' }, at: { type: 'integer' } } } },
  }
  for (const profile of ['anthropic', 'openai'] as const) {
    const schema = shown(profile, choice)
    t.same(schema.properties, {
      kind: { type: 'string' },
      mail: { type: 'string' },
      at: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      phone: { type: 'string' },
    })
    t.same(schema.required, ['kind'])
    t.equal(schema.description, 'Needs one of: (1) By mail: mail; (2) phone.')
    t.notOk(schema.oneOf)
  }
  const all = shown('openai', {
    allOf: [
      { $ref: '#/$defs/A' },
      { type: 'object', required: ['b'], properties: { a: { description: 'Words.' }, b: { type: 'integer' } } },
    ],
    $defs: { A: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } } },
  })
  t.match(all, {
    type: 'object',
    required: ['a', 'b'],
    properties: { a: { type: 'string', description: 'Words.' }, b: {} },
  })
  t.same(shown('openai', { type: 'object' }), { type: 'object', properties: {} })
})

t.test('arrays without items; ["array","null"] get what hosts ask for', async (t) => {
  const schema = shown('openai', {
    type: 'object',
    properties: {
      a: { type: 'array' },
      b: { type: ['array', 'null'] },
      c: { oneOf: [{ type: 'string' }, { type: 'array' }] },
    },
  })
  t.same(schema.properties, {
    a: { type: 'array', items: {} },
    b: { type: ['array', 'null'], items: {} },
    c: { anyOf: [{ type: 'string' }, { type: 'array', items: {} }] },
  })
  const narrow = shown('gemini', {
    type: 'object',
    properties: { b: { type: ['array', 'null'], items: { type: 'string' } } },
  })
  t.same(narrow.properties, { b: { type: 'array', items: { type: 'string' }, nullable: true } })
})

t.test('gemini: what has no keyword is told in words, and null is nullable', async (t) => {
  const schema = shown('gemini', {
    type: 'object',
    required: ['id', 'gone'],
    properties: {
      id: { type: 'string', format: 'uuid', description: 'Which.' },
      size: { enum: [1, 2, null] },
      kind: { const: 'x' },
      when: { type: 'string', format: 'date-time' },
      name: { anyOf: [{ type: 'string', enum: ['a', 'b'] }, { type: 'null' }], description: 'Short.' },
      tags: { type: 'object', additionalProperties: { type: 'string' } },
      above: { type: 'integer', exclusiveMinimum: 0 },
      either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
    },
    examples: [{ id: 'a' }],
  })
  t.same(schema, {
    type: 'object',
    properties: {
      id: { type: 'string', description: 'Which. Format: uuid.' },
      size: { type: 'integer', nullable: true, description: 'One of 1, 2.' },
      kind: { type: 'string', enum: ['x'] },
      when: { type: 'string', format: 'date-time' },
      name: { type: 'string', enum: ['a', 'b'], nullable: true, description: 'Short.' },
      tags: { type: 'object', description: 'Other names are allowed.' },
      above: { type: 'integer', minimum: 1 },
      either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    },
    required: ['id'],
    example: { id: 'a' },
  })
})

t.test('what the MCP client reads of an argument is there under every profile', async (t) => {
  for (const profile of PROFILES) {
    const { properties } = shown(profile, {
      type: 'object',
      properties: {
        region: { anyOf: [{ type: 'string' }, { type: 'null' }], 'x-mcp-header': 'Region' },
        either: { oneOf: [{ type: 'string' }, { type: 'integer' }], 'x-mcp-header': 'Either' },
      },
    })
    t.match(properties, { region: { 'x-mcp-header': 'Region' }, either: { 'x-mcp-header': 'Either' } }, profile)
    t.equal(JSON.stringify(properties).split('x-mcp-header').length, 3, profile)
  }
})

t.test('self and mutual cycles end: a definition stands inside itself once more, then by its name', async (t) => {
  const schema = shown('gemini', {
    type: 'object',
    properties: { root: { $ref: '#/$defs/Node' } },
    $defs: {
      Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' }, other: { $ref: '#/$defs/Other' } } },
      Other: { type: 'object', properties: { back: { $ref: '#/$defs/Node' } } },
    },
  })
  t.match(schema, {
    properties: {
      root: { properties: { next: { properties: { next: { type: 'object', description: 'As Node above.' } } } } },
    },
  })
  t.same(HOSTS.gemini(publishFor('gemini', toolOf(schema))), [])
})

t.test('definitions that demand each other without end are shown in bounded space', async (t) => {
  const $defs: JsonObject = {}
  for (let i = 0; i < 40; i++) {
    const next = { $ref: `#/$defs/D${(i + 1) % 40}` }
    $defs[`D${i}`] = {
      type: 'object',
      properties: { a: next, b: next },
      allOf: [next, next],
      anyOf: [next, { type: 'object' }],
    }
  }
  const hostile: JsonObject = {
    type: 'object',
    properties: { x: { $ref: '#/$defs/D0' } },
    anyOf: [{ $ref: '#/$defs/D1' }],
    $defs,
  }
  for (const profile of PROFILES) {
    const tool = publishFor(profile, toolOf(hostile))
    t.same(HOSTS[profile](tool), [], profile)
    t.ok(JSON.stringify(tool).length < 1_000_000, profile)
  }
})
