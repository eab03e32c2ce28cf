/** The configuration or the command line is wrong: nothing was started. The command exits with 2. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** One finding in a file, with its place (line and column count from 1). */
export interface Finding {
  line: number
  column: number
  message: string
}

/** Writes findings as `file:line:column: message`, one a line, in the order of the file. */
export function findingsError(file: string, findings: Finding[]): ConfigError {
  const sorted = [...findings].sort((a, b) => a.line - b.line || a.column - b.column)
  return new ConfigError(sorted.map((f) => `${file}:${f.line}:${f.column}: ${f.message}`).join('\n'))
}

/** What an unknown thrown value says, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What the SDK says went wrong, for the log: kind and code, because its words quote what a client sent. */
export function kindOf(error: Error & { code?: unknown }): { error: string; code?: string | number } {
  const { name, code } = error
  return { error: name, ...((typeof code === 'number' || typeof code === 'string') && { code }) }
}
