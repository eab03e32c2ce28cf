import { CodedError } from '../domain/errors.ts'
import { run } from './command.ts'

run(process.argv.slice(2), process.env, (text) => process.stdout.write(`${text}\n`)).then(
  (code) => {
    process.exitCode = code
  },
  (error: Error) => {
    process.stderr.write(`${error instanceof CodedError ? `${error.code}: ` : ''}${error.message}\n`)
    process.exitCode = 1
  },
)
