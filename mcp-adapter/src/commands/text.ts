/** Rows as text columns, each as wide as its longest cell; the last one runs free. */
export function columns(rows: string[][]): string {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd((widths[i] ?? 0) + 2)))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

/** A text in lines of at most `width` characters, broken at spaces. A longer word has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** `1 tool`, `2 tools`, `1,200 tools`. */
export const count = (number: number, noun: string) =>
  `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`

/** A text that may come from anywhere, on one line of a terminal: without controls, and no longer than `most`. */
export function oneLine(text: string, most: number): string {
  const clean = [...text.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()]
  return clean.length > most ? `${clean.slice(0, most - 1).join('')}…` : clean.join('')
}
