import { stderrLog } from '../log.ts'
import { runStdio } from '../serve/stdio.ts'
import { defineCommand } from './command.ts'
import { readCredential, readStateSecret } from './credential.ts'
import { API, API_ENVIRONMENT, CONFIG, STATE_ENVIRONMENT, TOKEN_ENVIRONMENT } from './flags.ts'
import { stopSignal } from './signals.ts'
import { given, nothingElse, readConfigFile } from './values.ts'

interface StdioOptions {
  configFile: string
  apiUrl?: string
  credential: string
  stateSecret?: string
}

export const stdio = defineCommand<StdioOptions>({
  name: 'stdio',
  about: 'Serves the tools to one caller over stdin and stdout, with the credential of the environment.',
  flags: { config: CONFIG, api: API },
  environment: [API_ENVIRONMENT, ...TOKEN_ENVIRONMENT, STATE_ENVIRONMENT],
  examples: ['stdio --config tools.yaml --api http://127.0.0.1:3000'],
  read(line, env) {
    nothingElse(line)
    const configFile = readConfigFile(line)
    const apiUrl = given(line.flags.api) ?? given(env.HANDRAIL_API_URL)
    const stateSecret = readStateSecret(env)
    return {
      configFile,
      ...(apiUrl !== undefined && { apiUrl }),
      ...(stateSecret !== undefined && { stateSecret }),
      credential: readCredential('stdio', env),
    }
  },
  async run(options) {
    await runStdio({ ...options, log: stderrLog(), stop: stopSignal() })
    return 0
  },
})
