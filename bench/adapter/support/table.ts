import type { Result } from './measure.ts'

/** The middle one; the lower of two. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}

/** The medians of a contender's rounds, as a line of a table. */
export function row({ name, runs, rssMb }: Result): Record<string, string | number> {
  const of = (member: 'perSecond' | 'p50' | 'p99' | 'cpuMs') => median(runs.map((run) => run[member]))
  return {
    name,
    'calls/s': Math.round(of('perSecond')),
    'p50 ms': of('p50').toFixed(2),
    'p99 ms': of('p99').toFixed(2),
    'CPU ms/call': of('cpuMs').toFixed(4),
    'RSS MB': Math.round(rssMb),
  }
}

/** Prints lines as a Markdown table. */
export function table(rows: Record<string, string | number>[]): void {
  const names = Object.keys(rows[0] ?? {})
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(' | ')} |`)
  line(names)
  line(names.map((_, index) => (index === 0 ? '---' : '--:')))
  for (const each of rows) line(names.map((name) => each[name] ?? ''))
}
