import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { redact, TYPES } from '../../../src/privacy/redact.ts'
import { readCorpus } from './corpus.ts'
import { HOSTILE } from './hostile.ts'
import { score } from './score.ts'

/** What is reached on the corpus; npm run bench:privacy prints it. */
const HELD = 0.99

const cases = readCorpus()

t.test('precision and recall are held for every type', async (t) => {
  const { scores, faults } = score(cases)
  t.same(scores.map(({ type }) => type).sort(), [...TYPES].sort())
  for (const { type, labelled, precision, recall } of scores) {
    t.ok(labelled >= 20, `${type} has labels enough to tell`)
    t.ok(precision >= HELD, `${type} precision ${precision}`, { faults })
    t.ok(recall >= HELD, `${type} recall ${recall}`, { faults })
  }
})

t.test('the same value has the same placeholder, another one the next', async (t) => {
  t.equal(
    redact('ada@example.com, bob@example.com, ADA@example.com; card 4422 1522 4661 0951 or 4422152246610951').text,
    '[EMAIL_1], [EMAIL_2], [EMAIL_1]; card [CARD_1] or [CARD_1]',
  )
  t.same(redact('Write to ada@example.com.'), {
    text: 'Write to [EMAIL_1].',
    found: [{ type: 'EMAIL', start: 9, end: 24 }],
  })
})

t.test('text that was redacted stays as it is, and new finds are counted on', async (t) => {
  for (const { text } of cases) {
    const once = redact(text).text
    t.equal(redact(once).text, once)
  }
  t.equal(redact('[EMAIL_3] and ada@example.com').text, '[EMAIL_3] and [EMAIL_4]')
})

t.test('of two that overlap the larger is told, and nothing of either is left', async (t) => {
  t.equal(redact('postgres://ada:pa55word@db.example.com/x').text, 'postgres://[SECRET_1]@db.example.com/x')
  t.equal(redact('password: x!ada@example.com/7').text, 'password: [SECRET_1]')
  t.equal(
    redact('call +49 30 901820 or 030 901821, card 4422152246610951').text,
    'call [PHONE_1] or [PHONE_2], card [CARD_1]',
  )
})

t.test('places are those of the text as it was given, whatever hides in it', async (t) => {
  const text = '😀 ４４２２\u200B１５２２４６６１０９５１ – a\u00ADda@example.com'
  const { found } = redact(text)
  t.same(
    found.map(({ type, start, end }) => [type, text.slice(start, end)]),
    [
      ['CARD', '４４２２\u200B１５２２４６６１０９５１'],
      ['EMAIL', 'a\u00ADda@example.com'],
    ],
  )
})

t.test('a word that ends like a currency makes no amount of what follows', async (t) => {
  for (const [text, expected] of [
    ['Call our chauffeur 415-555-2671 today', 'Call our chauffeur [PHONE_1] today'],
    ['phone for customers 030 1234567', 'phone for customers [PHONE_1]'],
    ['call us, it costs EUR 415-555-2671', 'call us, it costs EUR 415-555-2671'],
  ] as const) {
    t.equal(redact(text).text, expected)
  }
})

const uuid = fc.uuid()
const part = fc.string({ unit: fc.constantFrom(...'ABCDEFGHKLMNPRSTUVWXYZ0123456789'), minLength: 2, maxLength: 6 })
const sku = fc.tuple(fc.constantFrom('LAMP', 'MUG', 'DESK', 'FAN', 'X1'), part, part).map((parts) => parts.join('-'))
const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length })
const traceId = fc
  .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 30, maxLength: 30 })
  .map((id) => `a${id}1`)
const etag = fc.string().map((text) => `"${createHash('sha256').update(text).digest('base64url')}"`)
const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
const own = fc.oneof(
  uuid,
  sku,
  digits(10).map((number) => `Order ${number}`),
  digits(10).map((number) => `order no. ${number}`),
  digits(8).map((number) => `Bestellung ${number}`),
  traceId.map((id) => `trace ${id}`),
  etag,
  time.map((date) => date.toISOString()),
  time.map((date) => date.toISOString().slice(0, 10)),
  fc.nat(100_000_000).map((amount) => `${(amount / 100).toFixed(2)} EUR`),
  fc.nat(9_999_999).map((amount) => `${amount} pieces`),
)

t.test('our own ids, SKUs, order numbers, times, amounts, traces and tags are never hit', async () => {
  const sentence = fc
    .tuple(
      fc.constantFrom('Call me about', 'Message on', 'The card for', 'Please see', 'Passport office:', 'Re'),
      own,
      own,
    )
    .map((parts) => parts.join(' '))
  fc.assert(
    fc.property(sentence, (text) => redact(text).found.length === 0),
    { numRuns: 2000, seed: 1 },
  )
})

t.test('whatever comes in, finds are in order, apart, and all that changes', async () => {
  const piece = fc.oneof(fc.constantFrom(...cases.map(({ text }) => text)), fc.string({ unit: 'binary' }), own)
  const anything = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(anything, (text) => {
      const { text: redacted, found } = redact(text)
      let at = 0
      let rest = redacted
      for (const { type, start, end } of found) {
        if (start < at || end <= start || end > text.length) return false
        const before = text.slice(at, start)
        if (!rest.startsWith(`${before}[${type}_`)) return false
        rest = rest.slice(before.length).replace(/^\[[A-Z]+_\d+\]/, '')
        at = end
      }
      return rest === text.slice(at)
    }),
    { numRuns: 1000 },
  )
})

/** Of the processor, so that what else the machine does counts little; the best of three, since little is not nothing. */
function costOf(text: string): number {
  const costs = [0, 1, 2].map(() => {
    const before = process.cpuUsage()
    redact(text)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return Math.min(...costs)
}

t.test('time grows with the length, not with its square', async (t) => {
  const LENGTH = 16_000
  for (const pattern of HOSTILE) {
    const text = pattern.repeat(Math.ceil((LENGTH * 4) / pattern.length))
    const four = costOf(text.slice(0, LENGTH * 4))
    // Linear is 4, quadratic 16; what takes this little at four times the length is not looked at.
    if (four > 60)
      t.ok(four < 10 * costOf(text.slice(0, LENGTH)), `${JSON.stringify(pattern)} took ${four.toFixed()} ms`)
    else t.pass(JSON.stringify(pattern))
  }
})
