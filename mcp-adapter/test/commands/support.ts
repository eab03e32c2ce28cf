import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../../src/commands/run.ts'

export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** What a command line prints and how it ends. `answer` is what the person at the terminal types. */
export async function command(
  args: string[],
  { env = {}, input = '', answer }: { env?: Record<string, string>; input?: string; answer?: string } = {},
) {
  const said = { out: '', error: '', asked: '' }
  const code = await run(args, env, {
    out: (text) => {
      said.out += text
    },
    error: (text) => {
      said.error += text
    },
    input: async () => input,
    ...(answer !== undefined && {
      async ask(question: string) {
        said.asked += question
        return answer
      },
    }),
  })
  return { code, ...said }
}

/** The JSON of a command that must print nothing else. */
export async function commandJson(args: string[], options?: Parameters<typeof command>[1]) {
  const { code, out, error } = await command([...args, '--json'], options)
  return { code, error, value: JSON.parse(out) }
}

/** A folder of its own, gone at the end of the test, and a way to write files into it. */
export function folder(test: { teardown(end: () => void): void }) {
  const path = mkdtempSync(join(tmpdir(), 'handrail-mcp-'))
  test.teardown(() => rmSync(path, { recursive: true }))
  return {
    path,
    place: (name: string) => join(path, name),
    write(name: string, content: unknown) {
      const file = join(path, name)
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
      return file
    },
  }
}

/** A document of some operations, each `METHOD /path` with what it has beside an id. */
export function documentOf(operations: Record<string, object>, more: object = {}) {
  const paths: Record<string, Record<string, object>> = {}
  for (const [index, [key, operation]] of Object.entries(operations).entries()) {
    const [method = '', path = ''] = key.split(' ')
    const operationId = `readBook${index}`
    paths[path] = { ...paths[path], [method.toLowerCase()]: { operationId, responses: {}, ...operation } }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    servers: [{ url: 'http://api.example' }],
    paths,
    ...more,
  }
}

/** A curation of a document beside it. */
export const curationOf = (tools: object[], more: object = {}) => ({
  server: { name: 't' },
  backend: { openapi: 'openapi.json', url: 'http://127.0.0.1:9' },
  results: { strict: true },
  tools,
  ...more,
})
