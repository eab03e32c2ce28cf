import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Case {
  text: string
  spans: { type: string; start: number; end: number }[]
}

const FOLDER = fileURLToPath(new URL('./corpus', import.meta.url))

/**
 * The labelled corpus: a case a line, what is to be found marked as `⟦TYPE:text⟧`. `\n` is a line break. `¦` stands in
 * invented secrets and is taken out, so that scanners of repositories do not take them for real ones.
 */
export function readCorpus(): Case[] {
  return readdirSync(FOLDER)
    .sort()
    .flatMap((file) => readFileSync(join(FOLDER, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map(parse)
}

function parse(line: string): Case {
  const spans: Case['spans'] = []
  let text = ''
  let at = 0
  const plain = line.replaceAll('¦', '').replaceAll('\\n', '\n')
  for (const { index, 0: marked, 1: type = '', 2: value = '' } of plain.matchAll(/⟦([A-Z]+):([^⟧]*)⟧/g)) {
    text += plain.slice(at, index)
    spans.push({ type, start: text.length, end: text.length + value.length })
    text += value
    at = index + marked.length
  }
  return { text: text + plain.slice(at), spans }
}
