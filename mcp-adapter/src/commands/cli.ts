import { ConfigError, messageOf } from '../errors.ts'
import { stderrLog } from '../log.ts'
import { startAdapter } from '../serve/adapter.ts'
import { runStdio } from '../serve/stdio.ts'
import { version } from '../version.ts'
import { type Command, HELP, readCommand } from './config.ts'

/** Ends on the first SIGINT or SIGTERM; a second one kills as usual. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  return stop.signal
}

async function serve(command: Command & { name: 'serve' }): Promise<void> {
  const stop = stopSignal()
  const adapter = await startAdapter({ ...command, log: stderrLog() }).catch((error: unknown) => {
    const code = (error as { code?: unknown } | null)?.code
    if (code === 'EADDRINUSE')
      throw new Error(`Port ${command.port} on ${command.host} is in use. Choose another with --port or MCP_PORT.`)
    throw error
  })
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve()
    else stop.addEventListener('abort', () => resolve(), { once: true })
  })
  await stopped
  await adapter.close()
}

/** Exit codes: 0 done, 1 it failed while running, 2 the command line or the configuration is wrong. */
async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2), process.env)
  if (command.name === 'help') process.stdout.write(HELP)
  else if (command.name === 'version') process.stdout.write(`${version}\n`)
  else if (command.name === 'serve') await serve(command)
  else if (command.name === 'stdio') await runStdio({ ...command, log: stderrLog(), stop: stopSignal() })
}

try {
  await main()
  // stdin may still be open after a signal; nothing is left to do.
  process.exitCode = 0
  process.stdin.unref?.()
} catch (error) {
  process.stderr.write(`handrail-mcp: ${messageOf(error)}\n`)
  process.exitCode = error instanceof ConfigError ? 2 : 1
}
