import t from 'tap'
import { readDocument } from '../src/document/read.ts'
import type { JsonObject } from '../src/json.ts'
import { baseUrlOf, createApi } from '../src/tools/api.ts'
import { basePathOf } from '../src/tools/operation-server.ts'

/** The base path of an operation with a server of its own, in a document of another, with the API at a third place. */
function basePath(own: string, root: string, configured?: string, documentUrl?: string) {
  const source: JsonObject = {
    openapi: '3.1.0',
    servers: [{ url: root }],
    paths: { '/a': { servers: [{ url: own }], get: { operationId: 'get', responses: {} } } },
  }
  const document = readDocument(source, 'd', documentUrl)
  const operation = document.operations.get('get')
  if (!operation) throw new Error('no operation')
  return basePathOf(createApi(document, baseUrlOf(document, configured)), operation)
}

t.test('relative and several servers, the base path kept', async (t) => {
  t.equal(basePath('/api/v1', '/api/v1', 'http://h:1'), undefined, 'the same server')
  t.equal(basePath('/api/v1/', '/api/v1', 'http://h:1'), undefined)
  t.equal(basePath('/api/v1/files', '/api/v1', 'http://h:1'), '/api/v1/files')
  t.equal(basePath('/files', '/api/v1', 'http://h:1'), '/files', 'another part of the host')
  t.equal(basePath('/', '/api/v1', 'http://h:1'), '', 'none at all')
  t.equal(basePath('/api/v1/files', '/api/v1', 'http://gateway/shop'), '/shop/files', 'below the API, wherever it is')
  t.equal(basePath('files', '/api', undefined, 'https://h/api/openapi.json'), '/api/files', 'relative to the document')
  t.equal(basePath('https://api.example/v2', 'https://api.example/v1', 'http://127.0.0.1:1'), '/v2')
})

t.test('credentials belong to one host: an operation whose own server is another one is no tool', async (t) => {
  for (const other of ['https://files.example/v1', 'http://api.example/v1', 'https://api.example:8443/v1', '//evil/v1'])
    t.throws(
      () => basePath(other, 'https://api.example/v1'),
      { name: 'ConfigError', message: /is another host/ },
      other,
    )
  t.throws(() => basePath('https://[', 'https://api.example/v1'), { name: 'ConfigError' })
})
