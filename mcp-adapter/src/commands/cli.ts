import { processIo } from './io.ts'
import { run } from './run.ts'

// A reader that has enough (`| head`) ends the command without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})
process.exitCode = await run(process.argv.slice(2), process.env, processIo())
// stdin may still be open after a signal; nothing is left to do.
process.stdin.unref?.()
