/** What the adapter needs of a logger; pino and Fastify's logger fit. Nothing secret is ever passed to it. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** One JSON object a line on stderr, so that stdout stays the protocol's alone. */
export function stderrLog(): Log {
  const write = (level: string) => (fields: object, message: string) => {
    process.stderr.write(`${JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg: message })}\n`)
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}
