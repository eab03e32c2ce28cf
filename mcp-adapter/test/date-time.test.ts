import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import t from 'tap'
import { isDateTime } from '../src/checks/date-time.ts'
import { compile } from '../src/checks/validation.ts'

const ajv = new Ajv2020()
addFormats.default(ajv)
const asTheLibrary = ajv.compile({ type: 'string', format: 'date-time' })

/** A number of so many digits, more often than not within what it counts. */
const number = (digits: number, most: number) =>
  fc.oneof(fc.integer({ min: 0, max: most }), fc.integer({ min: 0, max: 10 ** digits - 1 })).map((value) => {
    return String(value).padStart(digits, '0')
  })
const text = fc
  .tuple(
    number(4, 9999),
    number(2, 13),
    number(2, 32),
    fc.constantFrom('T', 'T', 't', ' ', '_'),
    number(2, 24),
    number(2, 60),
    number(2, 61),
    fc.constantFrom('', '', '.5', '.123456', '.'),
    fc.constantFrom('Z', 'Z', 'z', '', '+01:00', '-23:59', '+24:00', '+01:60', '+0100', '+01', 'Z '),
  )
  .map(([year, month, day, t, hour, minute, second, part, zone]) => {
    return `${year}-${month}-${day}${t}${hour}:${minute}:${second}${part}${zone}`
  })

t.test('a date-time is what the library takes for one', async (t) => {
  let valid = 0
  fc.assert(
    fc.property(text, (value) => {
      const expected = asTheLibrary(value)
      if (expected) valid += 1
      if (isDateTime(value) !== expected) throw new Error(`${value}: the library says ${expected}`)
    }),
    { seed: 5, numRuns: 20_000 },
  )
  t.ok(valid > 500, `${valid} valid ones`)
  for (const value of ['2026-02-29T00:00:00Z', '2024-02-29T00:00:00Z', '2016-12-31T23:59:60Z', '', 'today'])
    t.equal(isDateTime(value), asTheLibrary(value), value)
})

t.test('schemas use it', async (t) => {
  const check = compile({ type: 'object', properties: { at: { type: 'string', format: 'date-time' } } })
  t.same(check({ at: '2026-07-28T09:30:00.5+02:00' }), [])
  t.match(check({ at: '2026-13-28T09:30:00Z' }), [{ keyword: 'format', instancePath: '/at' }])
})
