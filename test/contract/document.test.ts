import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConfig, lint } from '@redocly/openapi-core'
import t from 'tap'
import { ACTIONS } from '../../src/domain/actions.ts'
import { ERRORS } from '../../src/domain/errors.ts'
import { ROOT } from '../../src/root.ts'
import { createContract } from '../support/contract.ts'
import { startService } from '../support/service.ts'

const FILE = join(ROOT, 'openapi', 'v1.json')
const { app, document } = await startService(t)
const operations = Object.values(document.paths).flatMap((path) => Object.values(path))

t.test('the committed document is the one that the service publishes', async (t) => {
  const committed = JSON.parse(readFileSync(FILE, 'utf8'))
  t.strictSame(document, committed, 'npm run openapi writes it anew')
  const response = await app.inject('/api/v1/openapi.json')
  t.strictSame(response.json(), committed)
})

t.test('the document has no lint finding', async (t) => {
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lint({ ref: FILE, config })
  t.same(
    problems.map(({ ruleId, message, location }) => `${ruleId} ${message} ${location[0]?.pointer}`),
    [],
  )
})

t.test('every operation tells an agent what it needs to know', async (t) => {
  t.match(document.openapi, /^3\.1/)
  for (const { operationId, summary, description, tags, ...rest } of operations) {
    t.match(operationId, /^[a-z][a-zA-Z]+$/)
    t.ok(String(summary).length > 5 && String(description).length > 60, `${operationId} is described`)
    t.equal((tags as string[]).length, 1)
    t.ok((ACTIONS as readonly unknown[]).includes(rest['x-action']), `${operationId} has an action`)
    t.match(rest['x-risk'], /^(low|medium|high)$/)
    t.ok(Number(rest['x-cost']) >= 1)
  }
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
})

t.test('schemas have names, and every answer has a schema and an example that fits it', async (t) => {
  const { ajv } = createContract(document)
  t.notMatch(JSON.stringify(document), /def-\d/)
  for (const [name, { value }] of Object.entries(document.components.examples ?? {})) {
    t.ok(name in ERRORS)
    t.ok(ajv.validate({ $ref: 'document#/components/schemas/Problem' }, value), `example ${name}`)
  }
  for (const { operationId, requestBody, responses } of operations) {
    const media = [
      ...Object.values(requestBody?.content ?? {}),
      ...Object.values(responses).flatMap((response) => Object.values(response.content ?? {})),
    ]
    for (const { schema, example, examples } of media) {
      t.match(schema, { $ref: /^#\/components\/schemas\/[A-Z]\w+$/ }, operationId)
      if (examples) t.ok(Object.keys(examples).length > 0)
      else {
        const { $ref } = schema as { $ref: string }
        t.ok(ajv.validate({ $ref: `document${$ref}` }, example), `${operationId}: ${ajv.errorsText()}`)
      }
    }
  }
})

t.test('every text, list and number that comes in is bounded, and unknown fields are refused', async (t) => {
  const loose: string[] = []
  let checked = 0
  function visit(schema: Record<string, unknown>, where: string): void {
    checked++
    const { type, $ref, properties, items, maxLength, maxItems, enum: words, additionalProperties } = schema
    const { minimum, maximum } = schema
    if (typeof $ref === 'string') {
      const name = $ref.split('/').at(-1) as string
      visit(document.components.schemas[name] as Record<string, unknown>, name)
    }
    const types = [type].flat()
    if (types.includes('string') && maxLength === undefined && !words) loose.push(`${where}: maxLength`)
    if (types.includes('array') && maxItems === undefined) loose.push(`${where}: maxItems`)
    const isNumber = types.includes('integer') || types.includes('number')
    if (isNumber && (minimum === undefined || maximum === undefined)) loose.push(`${where}: minimum, maximum`)
    if (types.includes('object') && additionalProperties !== false) loose.push(`${where}: additionalProperties`)
    for (const [name, each] of Object.entries((properties ?? {}) as object)) visit(each, `${where}/${name}`)
    if (items) visit(items as Record<string, unknown>, `${where}[]`)
  }
  for (const { operationId, requestBody, parameters } of operations) {
    for (const { schema } of Object.values(requestBody?.content ?? {}))
      visit(schema as Record<string, unknown>, operationId)
    for (const parameter of parameters ?? []) {
      visit(parameter.schema as Record<string, unknown>, `${operationId} ${parameter.name}`)
    }
  }
  t.same(loose, [])
  t.ok(checked > 100, 'it looked at something')
})
