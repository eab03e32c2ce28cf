import { readdirSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import t from 'tap'
import { buildRequest } from '../src/calls/request.ts'
import type { Operation } from '../src/document/read.ts'
import { isObject, type Json, type JsonObject } from '../src/json.ts'
import { ProblemResult } from '../src/results/problem.ts'
import type { Binding } from '../src/tools/bindings.ts'
import { buildInput, type Input } from '../src/tools/input-schema.ts'
import { loadFrom } from './fixtures/documents.ts'
import { valuesOf } from './fixtures/echo/arbitrary.ts'
import { readForm, readMultipart } from './fixtures/echo/bodies.ts'
import { type Kind, type Read, readParameter } from './fixtures/echo/parameters.ts'
import { startEcho, type Wire } from './fixtures/echo/server.ts'
import { sharedData } from './shared-data.ts'

// One registry for all: the adapter's own, one for each tool, costs seconds here.
const ajv = new Ajv2020({ strict: false, logger: false, ownProperties: true })
addFormats.default(ajv)
const PER_OPERATION = Number(process.env.HANDRAIL_FUZZ_RUNS ?? 2)
const asText = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value))

/** What a reader without types sees of a parameter. */
function asRead(value: Json): Read {
  if (Array.isArray(value)) return value.filter((each) => each !== null).map(asText)
  if (!isObject(value)) return asText(value)
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === null ? [] : [[key, asText(each)]])),
  )
}

const kindOf = (value: Json): Kind => (Array.isArray(value) ? 'array' : isObject(value) ? 'object' : 'primitive')
const isNothing = (read: Read) => read === undefined || (typeof read === 'object' && Object.keys(read).length === 0)

/** The argument that goes to a parameter or a field, by the tool's own table of names. */
function argumentOf({ argument }: Binding, args: JsonObject): Json | undefined {
  return argument.reduce<Json | undefined>((at, step) => (isObject(at) ? at[step] : undefined), args)
}

function checkParameters(t: import('tap').Test, operation: Operation, input: Input, args: JsonObject, wire: Wire) {
  for (const { in: place, name, style, explode, content } of operation.parameters) {
    const binding = input.bindings.find((each) => each.place === place && each.name === name)
    const value = binding && argumentOf(binding, args)
    if (value === undefined || content !== undefined) continue
    const byDefault = place === 'query' || place === 'cookie' ? 'form' : 'simple'
    const named = String(style ?? byDefault)
    const described = {
      name: String(name),
      in: String(place),
      style: named,
      explode: Boolean(explode ?? named === 'form'),
      kind: kindOf(value),
    }
    const others = operation.parameters
      .filter((other) => other.in === place && other !== undefined && other.name !== name)
      .map((other) => String(other.name))
    const read = readParameter(described, operation.path.split('#')[0] as string, wire, others)
    const expected = value === null ? undefined : asRead(value)
    if (isNothing(expected) && isNothing(read)) continue
    if (named === 'form' && described.explode && kindOf(value) === 'object') t.match(read, expected as object)
    else t.strictSame(read, expected, `${place} ${name}`)
  }
}

/** The body that arguments mean: the one argument that is all of it, or its fields. */
function expectedBody({ bindings, body }: Input, args: JsonObject): Json | undefined {
  const own = bindings.filter(({ place }) => place === 'body')
  if (body?.whole) return own[0] && argumentOf(own[0], args)
  const fields = own.flatMap((binding): [string, Json][] => {
    const value = argumentOf(binding, args)
    return value === undefined ? [] : [[binding.name, value]]
  })
  return fields.length > 0 || body?.required ? Object.fromEntries(fields) : undefined
}

/** Names that have aliases are compared as such: what was sent is renamed the way a reader of the document would. */
function onWire(value: Json, names: ReadonlyMap<string, string> | undefined): Json {
  if (Array.isArray(value)) return value.map((each) => onWire(each, names))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [names?.get(name) ?? name, onWire(each, names)]),
  )
}

/** The fields of a form as names and texts: a list is one pair for each item. */
function fieldPairs({ body }: Input, fields: JsonObject): [string, string][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => {
      if (each === null) return [name, value === null ? '' : 'null']
      if (!body?.files.has(name) || !isObject(each)) return [name, asText(each)]
      return [name, typeof each.text === 'string' ? each.text : String(Buffer.from(String(each.data), 'base64'))]
    }),
  )
}

function checkBody(t: import('tap').Test, input: Input, args: JsonObject, wire: Wire) {
  const expected = expectedBody(input, args)
  if (expected === undefined) return t.equal(wire.body.length, 0)
  const type = String(wire.headers['content-type'])
  if (input.body?.kind === 'json') return t.strictSame(JSON.parse(String(wire.body)), onWire(expected, input.wireNames))
  if (input.body?.kind === 'text') return t.equal(String(wire.body), expected)
  if (input.body?.kind === 'binary')
    return t.ok(
      isObject(expected) && (wire.body.equals(Buffer.from(String(expected.text))) || expected.data !== undefined),
    )
  // Fields with a style have tests of their own (forms.test.ts).
  if (Object.values(input.body?.encodings ?? {}).some(({ style }) => style !== undefined)) return t.ok(wire.body.length)
  const pairs =
    input.body?.kind === 'form'
      ? readForm(wire.body)
      : readMultipart(type, wire.body).map(({ name, content }): [string, string] => [name, String(content)])
  return t.strictSame(pairs, fieldPairs(input, onWire(expected, input.wireNames) as JsonObject))
}

/** Why a value that keeps the schema may still not be sent. */
const REASONS =
  /must be printable ASCII text|must not begin or end with a space|separates values|must be base64|either "text" or "data"|must not be empty, "\." or "\.\."|must be a media type|must be one of|must be a name/

const folder = sharedData('openapi')
const files = folder
  ? [
      ...readdirSync(folder).filter((name) => /\.(json|yaml)$/.test(name) && name !== 'index.json'),
      'multi-file/petstore-separate/spec/swagger.json',
    ]
  : []

t.test(
  'arguments made from the input schema arrive in their places, for every operation of every document',
  { skip: folder ? false : 'no shared data' },
  async (t) => {
    const echo = await startEcho()
    t.teardown(echo.close)
    for (const name of files) {
      await t.test(name, async (t) => {
        const document = await loadFrom(folder as string, name, { references: ['multi-file/petstore-separate/common'] })
        let [sent, tried] = [0, 0]
        for (const operation of document.operations.values()) {
          const input = buildInput(document.root, operation)
          const check = ajv.compile(input.schema)
          const values = valuesOf(input.schema, (input.schema.$defs ?? {}) as JsonObject)
          const samples = fc.sample(values, { seed: 5, numRuns: PER_OPERATION * 4 }) as JsonObject[]
          const valid = samples.filter((args) => check(args)).slice(0, PER_OPERATION)
          tried += 1
          let arrived = false
          for (const args of valid) {
            try {
              const wire = await echo.send(buildRequest(operation, input, args))
              t.equal(wire.method, operation.method)
              checkParameters(t, operation, input, args, wire)
              if (operation.method !== 'HEAD') checkBody(t, input, args, wire)
              arrived = true
            } catch (error) {
              if (!(error instanceof ProblemResult)) throw error
              t.match(error.problem.message, REASONS)
            }
          }
          if (arrived) sent += 1
        }
        t.ok(sent >= tried * 0.9, `${sent} of ${tried} operations were called`)
      })
    }
  },
)
