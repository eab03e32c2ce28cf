import { readFileSync, statSync } from 'node:fs'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { ConfigError, type Finding, findingsError, messageOf } from '../errors.ts'
import type { Json } from '../json.ts'

export type Path = (string | number)[]

/** Notes a finding at a place of the file, given as the path of keys and indexes to it. */
export type Report = (path: Path, message: string) => void

/** A YAML (or JSON) file that people write, and what is wrong with it, each with its place. */
interface YamlFile {
  value: Json
  /** At the value of a path, or at its nearest parent that is there. */
  report: Report
  /** At the key that ends the path. */
  reportKey: Report
  /** Throws a ConfigError with everything reported so far, if anything was. */
  check(): void
}

const MAX_BYTES = 4 * 1024 * 1024
/** So many values may come out of the file: an alias is counted with all that it stands for. */
const MAX_ALIASES = 100
/** Deeper files are a mistake or an attack; reading them would end in a stack overflow somewhere. */
const MAX_DEPTH = 100

function readText(file: string, kind: string): string {
  try {
    const { size } = statSync(file)
    if (size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`)
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`Cannot read the ${kind} ${file}: ${messageOf(error)}`)
  }
}

/** The path to something that is nested too deep: always the case where an alias stands inside what it stands for. */
function tooDeep(value: Json, path: Path = []): Path | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (path.length >= MAX_DEPTH) return path
  for (const [name, each] of Object.entries(value)) {
    const found = tooDeep(each, [...path, Array.isArray(value) ? Number(name) : name])
    if (found) return found
  }
  return undefined
}

function parsed(file: string, text: string, lineCounter: LineCounter) {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false })
  } catch {
    // The parser calls itself for what is inside: only a file without end of brackets gets here.
    throw findingsError(file, [{ line: 1, column: 1, message: 'YAML: nested too deep to be read' }])
  }
}

/**
 * Reads a YAML file of at most 4 MiB. `kind` names it in errors: "curation file". Throws ConfigError: unreadable, broken
 * YAML, keys given twice, aliases that multiply, nested deeper than 100.
 */
export function readYamlFile(file: string, kind: string): YamlFile {
  const lines = new LineCounter()
  const findings: Finding[] = []
  const add = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset)
    const finding = { line: Math.max(line, 1), column: Math.max(col, 1), message }
    const isKnown = findings.some(
      (f) => f.line === finding.line && f.column === finding.column && f.message === message,
    )
    if (!isKnown) findings.push(finding)
  }
  const check = () => {
    if (findings.length > 0) throw findingsError(file, findings)
  }

  const document = parsed(file, readText(file, kind), lines)
  for (const error of document.errors) add(error.pos[0], `YAML: ${error.message}`)
  check()
  const offsetOf = (path: Path): number => {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
      if (isNode(node)) return node.range?.[0] ?? 0
    }
    return 0
  }
  const keyOffsetOf = (path: Path): number => {
    const parent = document.getIn(path.slice(0, -1), true) as { items?: { key?: unknown }[] } | undefined
    const pair = parent?.items?.find(({ key }) => isNode(key) && String(key) === path.at(-1))
    return pair && isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : offsetOf(path)
  }

  let value: Json
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES }) as Json
  } catch (error) {
    add(0, `YAML: ${messageOf(error)}`)
    throw findingsError(file, findings)
  }
  const deep = tooDeep(value)
  if (deep) {
    add(offsetOf(deep), `YAML: nested deeper than ${MAX_DEPTH}`)
    check()
  }
  return {
    value,
    report: (path, message) => add(offsetOf(path), message),
    reportKey: (path, message) => add(keyOffsetOf(path), message),
    check,
  }
}
