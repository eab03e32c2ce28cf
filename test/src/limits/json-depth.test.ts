import t from 'tap'
import { isDeeper } from '../../../src/limits/json-depth.ts'

const deeper = (text: string, most: number) => isDeeper(Buffer.from(text), most)

t.test('brackets inside each other count, brackets in strings do not', async (t) => {
  t.equal(deeper('[[[]]]', 3), false)
  t.equal(deeper('[[[]]]', 2), true)
  t.equal(deeper('{"a":[{"b":1}]}', 2), true)
  t.equal(deeper('[[],[],{},[]]', 2), false, 'beside each other')
  t.equal(deeper('["[[[[", "\\"[[[[", "\\\\"]', 1), false)
  t.equal(deeper('["\\\\",[[]]]', 2), true, 'an escaped backslash ends no string')
  t.equal(deeper('["é[\u{1F9A9}[["]', 1), false)
  t.equal(deeper(']]]]}}[', 1), false, 'the parser tells what is no JSON')
})

t.test('what is deep is found before all of it is read', async (t) => {
  t.equal(deeper('['.repeat(33), 32), true)
  t.equal(deeper(`"${'['.repeat(250_000)}`, 32), false)
})
