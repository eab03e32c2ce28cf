import { stderrLog } from '../log.ts'
import type { AdapterOptions } from '../serve/adapter.ts'
import { defineCommand, type Environment, type Given } from './command.ts'
import { readStateSecret } from './credential.ts'
import { API, API_ENVIRONMENT, CONFIG, NO_RELOAD, STATE_ENVIRONMENT, USAGE, USAGE_ENVIRONMENT } from './flags.ts'
import { onHangUp, stopSignal } from './signals.ts'
import { readAuth } from './tokens.ts'
import { given, list, nothingElse, readApiUrl, readConfigFile, readUsageFile, wholeNumber } from './values.ts'

type ServeOptions = AdapterOptions & { host: string; port: number }

function read(line: Given, env: Environment): ServeOptions {
  nothingElse(line)
  const { flags } = line
  const apiUrl = readApiUrl(line, env)
  const usageFile = readUsageFile(line, env)
  const stateSecret = readStateSecret(env)
  const maxInFlight = given(env.MCP_MAX_IN_FLIGHT)
  const port = given(flags.port) ?? given(env.MCP_PORT) ?? '3001'
  return {
    configFile: readConfigFile(line),
    ...(apiUrl !== undefined && { apiUrl }),
    ...(stateSecret !== undefined && { stateSecret }),
    ...(usageFile !== undefined && { usageFile }),
    ...(flags['no-reload'] === true && { reload: false }),
    ...(maxInFlight !== undefined && { maxInFlight: wholeNumber('MCP_MAX_IN_FLIGHT', maxInFlight, [1, 999_999]) }),
    auth: readAuth(env),
    host: given(flags.host) ?? given(env.MCP_HOST) ?? '127.0.0.1',
    port: wholeNumber('The port', port, [0, 65_535], '--port or MCP_PORT'),
    allowedHosts: list(env.MCP_ALLOWED_HOSTS),
    allowedOrigins: list(env.MCP_ALLOWED_ORIGINS),
  }
}

export const serve = defineCommand<ServeOptions>({
  name: 'serve',
  about:
    'Serves the tools over Streamable HTTP at /mcp. Every request carries its caller\'s own "Authorization: Bearer".',
  flags: {
    config: CONFIG,
    host: { type: 'string', value: '127.0.0.1', about: 'where to listen' },
    port: { type: 'string', value: '3001', about: 'the port; 0 takes a free one' },
    api: API,
    usage: USAGE,
    'no-reload': NO_RELOAD,
  },
  environment: [
    API_ENVIRONMENT,
    ['MCP_HOST, MCP_PORT', 'where to listen'],
    [
      'MCP_ALLOWED_HOSTS, MCP_ALLOWED_ORIGINS',
      'further host names, separated by commas; loopback names are always allowed',
    ],
    STATE_ENVIRONMENT,
    USAGE_ENVIRONMENT,
    ['MCP_MAX_IN_FLIGHT', 'so many requests are answered at a time (default 256)'],
    [
      'MCP_ISSUERS',
      'authorization servers whose access tokens are taken, separated by commas; without any, it is off. This and ' +
        'what follows goes over "auth" of the curation file',
    ],
    ['MCP_RESOURCE_URL', "the endpoint's public URL (default: the one that it listens at)"],
    ['MCP_AUDIENCE', 'what tokens must be for (default: the resource)'],
    ['MCP_DOWNSTREAM', 'what the API gets: same-audience, token-exchange or client-credentials'],
    ['MCP_API_AUDIENCE', 'the API, as its tokens name it'],
    ['MCP_CLIENT_ID', 'the adapter, as the issuer knows it'],
    [
      'MCP_CLIENT_SECRET, MCP_CLIENT_SECRET_FILE',
      'its secret, or a file that holds it: <path>, or <path>#/json/pointer',
    ],
    ['MCP_CLIENT_KEY_FILE', 'a file with its private key as a JWK: instead of a secret, and for signed assertions'],
  ],
  examples: [
    'serve --config tools.yaml --api http://127.0.0.1:3000',
    'serve --config tools.yaml --host 0.0.0.0 --port 8080',
  ],
  read,
  async run(options) {
    const stop = stopSignal()
    // Loaded by the commands that serve: the MCP SDK costs the others half of their start.
    const { startAdapter } = await import('../serve/adapter.ts')
    const adapter = await startAdapter({ ...options, log: stderrLog() }).catch((error: unknown) => {
      const code = (error as { code?: unknown } | null)?.code
      if (code === 'EADDRINUSE')
        throw new Error(`Port ${options.port} on ${options.host} is in use. Choose another with --port or MCP_PORT.`)
      throw error
    })
    if (options.reload !== false) onHangUp(() => void adapter.reload())
    await new Promise<void>((resolve) => {
      if (stop.aborted) resolve()
      else stop.addEventListener('abort', () => resolve(), { once: true })
    })
    await adapter.close()
    return 0
  },
})
