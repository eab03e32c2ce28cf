import t from 'tap'
import { startEdge } from '../support/edge.ts'
import { identity } from './identity.ts'
import { injection } from './injection.ts'
import { objectLevel } from './objects.ts'

/** One service for the threats that need nothing of their own: a start costs more than most of them. */
const edge = await startEdge(t)
await edge.service.storage.db.product.updateMany({ data: { stock: 100_000 } })
t.test('two users, object by object', (t) => objectLevel(t, edge))
t.test('who is spoken for', (t) => identity(t, edge))
t.test('text that other languages would carry out', (t) => injection(t, edge))
