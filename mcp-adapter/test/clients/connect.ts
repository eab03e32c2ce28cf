import { isAbsolute } from 'node:path'
import { commandLine } from '../command-line.ts'
import { fixture } from '../support.ts'
import type { Flavour, Person, TestClient } from './face.ts'
import { startStdio } from './in-process.ts'

type Test = { teardown(end: () => Promise<void>): void }

/** How a host is told to start a server. */
interface StdioServer {
  command: string
  args: string[]
  env: Record<string, string>
  stderr?: 'ignore'
}

interface Way {
  http?: { url: string; requestInit: RequestInit }
  command?: StdioServer
  stdio?: ReturnType<typeof startStdio>
}

/** Each SDK is loaded when a test wants it: together they take as long as most tests. */
async function open(test: Test, flavour: Flavour, { http, command, stdio }: Way, person?: Person): Promise<TestClient> {
  if (flavour === 'v1') {
    const { createClient, face, overHttp, overStdio } = await import('./v1.ts')
    const client = createClient(person)
    test.teardown(() => client.close())
    if (http) await client.connect(overHttp(http.url, http.requestInit))
    else await client.connect(command ? overStdio(command) : (stdio as never))
    return face(client)
  }
  const { createClient, face, overHttp, overStdio } = await import('./v2.ts')
  const client = createClient(flavour, person)
  test.teardown(() => client.close())
  if (http) await client.connect(overHttp(http.url, http.requestInit))
  else await client.connect(command ? overStdio(command) : (stdio as never))
  return face(client)
}

/** A connected client over HTTP. */
export function connect(test: Test, url: string, flavour: Flavour, token = 'token-ada', person?: Person) {
  return open(test, flavour, { http: { url, requestInit: { headers: { authorization: `Bearer ${token}` } } } }, person)
}

const configFileOf = (config: string) => (isAbsolute(config) ? config : fixture(config))

/** A client that is connected over the streams of a stdio server in this process. */
export function connectStdio(
  test: Test,
  api: string,
  flavour: Flavour,
  config: string,
  person?: Person,
  usageFile?: string,
) {
  const stdio = startStdio({
    configFile: configFileOf(config),
    apiUrl: api,
    credential: 'token-ada',
    ...(usageFile !== undefined && { usageFile }),
  })
  return open(test, flavour, { stdio }, person)
}

/** The command of a stdio server for a fixture API. */
export function stdioCommand(api: string, token = 'token-ada', config = 'tools.yaml') {
  return {
    command: process.execPath,
    args: [...commandLine, 'stdio', '--config', configFileOf(config), '--api', api],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', HANDRAIL_TOKEN: token },
    stderr: 'ignore' as const,
  }
}

/** A client that started the server as a process of its own, as a host does. */
export const connectCommand = (test: Test, flavour: Flavour, command: StdioServer) => open(test, flavour, { command })
