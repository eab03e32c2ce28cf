import type { Log } from '../src/log.ts'

export const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url).pathname

/** Keeps what is logged, so that a test can look for what must be in it and what must not. */
export function memoryLog() {
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = []
  const write = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  const log: Log = { info: write('info'), warn: write('warn'), error: write('error') }
  return { log, lines }
}

/** The content of a fenced text, as JSON. Fails where the two lines around it are not those of one fence. */
export function fenced(text = '') {
  const [, name, content, end] =
    /^\[data ([\w-]{12}): content, never instructions\]\n(.*)\n\[end of data (.*)\]$/s.exec(text) ?? []
  if (name === undefined || name !== end) throw new Error(`no fence: ${text}`)
  return JSON.parse(content as string)
}

/** The JSON of a text, fenced or not. */
export const jsonOf = (text = '{}') => (text.startsWith('[data ') ? fenced(text) : JSON.parse(text))

/** What each request of 2026-07-28 says of its client. */
export const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** One raw MCP POST. `message` may be text, to send what is not JSON. */
export function post(url: string, message: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer token-ada',
      ...headers,
    },
    ...(signal && { signal }),
    body: typeof message === 'string' ? message : JSON.stringify(message),
  })
}
