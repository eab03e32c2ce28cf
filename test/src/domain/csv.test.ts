import t from 'tap'
import { toCsv } from '../../../src/domain/csv.ts'

t.test('cells are quoted as RFC 4180 wants it', async (t) => {
  t.equal(
    toCsv(
      ['a', 'b'],
      [
        ['say "hi"', 'x,y'],
        ['line\r\nbreak', ''],
        [1, 123456789012345678901n],
      ],
    ),
    'a,b\r\n"say ""hi""","x,y"\r\n"line\r\nbreak",\r\n1,123456789012345678901\r\n',
  )
  t.equal(toCsv(['a'], []), 'a\r\n')
})

t.test('text that a spreadsheet would carry out is made text', async (t) => {
  for (const start of ['=', '+', '-', '@', '\t', '\r', '\n']) {
    const cell = toCsv(['a'], [[`${start}cmd|' /C calc'!A0`]]).slice('a\r\n'.length)
    t.match(cell, /^"?'/, JSON.stringify(start))
  }
  t.equal(toCsv(['a'], [['=HYPERLINK("http://x","y")']]), 'a\r\n"\'=HYPERLINK(""http://x"",""y"")"\r\n')
  t.equal(toCsv(['a'], [['a=b'], [-5]]), 'a\r\na=b\r\n-5\r\n', 'what is no formula stays as it is')
})
