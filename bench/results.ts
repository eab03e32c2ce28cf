/**
 * CPU time of mapping one answer to a result, without network: a small object, and a page of 100 entries. The median of
 * several rounds; a fixture's tools, so that it needs no service.
 */

import { mapAnswer } from '../mcp-adapter/src/results/result.ts'
import { answerOf, toolFor } from '../mcp-adapter/test/fixtures/mapped.ts'

const ROUNDS = 7
const user = {
  type: 'object',
  properties: { id: { type: 'string' }, name: { type: 'string' }, version: { type: 'integer' } },
}
const page = {
  type: 'object',
  properties: { items: { type: 'array', items: user }, nextCursor: { type: ['string', 'null'] } },
}
const ada = { id: 'ada', name: 'Ada Lovelace', version: 3 }
const cases = [
  { name: 'a small object', schema: user, body: ada, calls: 50_000 },
  { name: 'a page of 100', schema: page, body: { items: Array(100).fill(ada), nextCursor: null }, calls: 2000 },
]

for (const { name, schema, body, calls } of cases) {
  const tool = toolFor({ schema })
  const answer = answerOf(body)
  const measure = () => {
    const before = process.cpuUsage()
    for (let i = 0; i < calls; i++) mapAnswer(tool, answer, { era: 'modern', requestId: 'r', args: {} })
    const { user, system } = process.cpuUsage(before)
    return (user + system) / calls
  }
  measure()
  const times = Array.from({ length: ROUNDS }, measure).sort((a, b) => a - b)
  console.log(`${name}: ${times[Math.floor(ROUNDS / 2)]?.toFixed(1)} microseconds of CPU per answer`)
}
