// npm run bench:privacy: precision, recall and F1 of each type on the labelled corpus, and how fast text is read.
import { redact } from '../src/privacy/redact.ts'
import { readCorpus } from '../test/src/privacy/corpus.ts'
import { HOSTILE } from '../test/src/privacy/hostile.ts'
import { score } from '../test/src/privacy/score.ts'

const MEGABYTE = 1_000_000
const ROUNDS = 3

const cases = readCorpus()
const { scores, faults } = score(cases)

const per = (value: number) => value.toFixed(3).padStart(9)
console.log(`${cases.length} texts\n${'type'.padEnd(10)}${'labels'.padStart(7)} precision    recall        F1`)
for (const { type, labelled, precision, recall, f1 } of scores) {
  console.log(`${type.padEnd(10)}${String(labelled).padStart(7)} ${per(precision)} ${per(recall)} ${per(f1)}`)
}
if (faults.length > 0) console.log(`\n${faults.join('\n')}`)

/** Seconds of the processor, the best of some rounds. */
function timed(act: () => void): number {
  const seconds = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage()
    act()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1e6
  })
  return Math.min(...seconds)
}

const fill = (text: string) => text.repeat(Math.ceil(MEGABYTE / text.length)).slice(0, MEGABYTE)
const note = 'Thank you for the quick delivery, the lamp looks very nice in our living room. I would order it again. '
const ordinary = cases.filter(({ spans }) => spans.length === 0).map(({ text }) => text)
const speed = (name: string, text: string) =>
  console.log(`${name.padEnd(34)}${(1 / timed(() => redact(text))).toFixed(1).padStart(7)} MB/s`)

console.log('')
speed('plain prose', fill(note))
speed('ordinary texts of the corpus', fill(`${ordinary.join('\n')}\n`))
speed('the whole corpus', fill(`${cases.map(({ text }) => text).join('\n')}\n`))
const short = note.repeat(2).slice(0, 200)
const times = 10_000
const each = timed(() => {
  for (let index = 0; index < times; index++) redact(short)
})
console.log(`${'a plain note of 200 characters'.padEnd(34)}${((each / times) * 1e6).toFixed(1).padStart(7)} µs`)

const slowest = HOSTILE.map((pattern) => {
  const text = fill(pattern)
  const before = process.cpuUsage()
  redact(text)
  const { user, system } = process.cpuUsage(before)
  return { pattern, seconds: (user + system) / 1e6 }
}).sort((a, b) => b.seconds - a.seconds)
console.log(`\nthe slowest of ${HOSTILE.length} hostile megabytes`)
for (const { pattern, seconds } of slowest.slice(0, 5))
  console.log(`${JSON.stringify(pattern).padEnd(34)}${seconds.toFixed(2).padStart(7)} s`)
