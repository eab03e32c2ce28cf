import { stderrLog } from '../log.ts'
import type { ApiUrls } from '../tools/catalog.ts'
import { defineCommand } from './command.ts'
import { readCredential, readStateSecret } from './credential.ts'
import {
  API,
  API_ENVIRONMENT,
  CONFIG,
  NO_RELOAD,
  STATE_ENVIRONMENT,
  TOKEN_ENVIRONMENT,
  USAGE,
  USAGE_ENVIRONMENT,
} from './flags.ts'
import { stopSignal } from './signals.ts'
import { nothingElse, readApiUrl, readConfigFile, readUsageFile } from './values.ts'

interface StdioOptions {
  configFile: string
  apiUrl?: ApiUrls
  credential?: string
  stateSecret?: string
  usageFile?: string
  reload?: boolean
}

export const stdio = defineCommand<StdioOptions>({
  name: 'stdio',
  about: 'Serves the tools to one caller over stdin and stdout, with the credential of the environment.',
  flags: { config: CONFIG, api: API, usage: USAGE, 'no-reload': NO_RELOAD },
  environment: [API_ENVIRONMENT, ...TOKEN_ENVIRONMENT, STATE_ENVIRONMENT, USAGE_ENVIRONMENT],
  examples: ['stdio --config tools.yaml --api http://127.0.0.1:3000'],
  read(line, env) {
    nothingElse(line)
    const configFile = readConfigFile(line)
    const apiUrl = readApiUrl(line, env)
    const usageFile = readUsageFile(line, env)
    const stateSecret = readStateSecret(env)
    const credential = readCredential(env)
    return {
      configFile,
      ...(apiUrl !== undefined && { apiUrl }),
      ...(stateSecret !== undefined && { stateSecret }),
      ...(usageFile !== undefined && { usageFile }),
      ...(line.flags['no-reload'] === true && { reload: false }),
      ...(credential !== undefined && { credential }),
    }
  },
  async run(options) {
    const { runStdio } = await import('../serve/stdio.ts')
    await runStdio({ ...options, log: stderrLog(), stop: stopSignal() })
    return 0
  },
})
