import { dirname, relative, resolve } from 'node:path'
import { Document, isNode, isSeq } from 'yaml'
import type { ApiDocument } from '../document/read.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { baseUrlOf } from '../tools/api.ts'
import type { Candidate } from './choose.ts'
import { plainWords } from './words.ts'

const HEAD = ` yaml-language-server: $schema=./node_modules/@handrail/mcp-adapter/tools.schema.json
 A start, by what the document says: keep what your agents need, drop the rest, and write the words for a model.
 Scores answer the guide's questions: frequent (30), specific (25), safe (25), needed (20).
 Then: handrail-mcp lint, handrail-mcp lock. "access" and "safety" are yours to add: the document does not tell.`

/** What requests to the API carry, as the document's security schemes suggest it. */
function credentialOf(root: JsonObject): { credential?: Json; comment: string } {
  const components = isObject(root.components) ? root.components : {}
  const schemes = Object.entries(isObject(components.securitySchemes) ? components.securitySchemes : {})
  const kind = (scheme: Json) =>
    isObject(scheme) ? `${scheme.type} ${String(scheme.scheme ?? '').toLowerCase()}`.trim() : ''
  if (schemes.length === 0) return { credential: 'none', comment: ' The document knows no credentials.' }
  const bearer = schemes.find(([, scheme]) => /^(oauth2|openIdConnect|http bearer)\b/.test(kind(scheme)))
  if (bearer)
    return { credential: 'caller', comment: ` The caller's own bearer token ("${bearer[0]}" of the document).` }
  const [name = '', scheme = {}] = schemes.find(([, each]) => /^(apiKey|http basic)\b/.test(kind(each))) ?? []
  if (name === '') return { comment: ' The security schemes of the document are not ones that the adapter knows.' }
  return {
    credential: { scheme: name },
    comment: ` The caller's own credential, as the document sends it (${kind(scheme)}).`,
  }
}

/** Where the API is, when the document does not tell; a place to fill in. */
function urlOf(document: ApiDocument): { url?: string } {
  try {
    return URL.canParse(baseUrlOf(document, undefined)) ? {} : { url: 'http://127.0.0.1:8080' }
  } catch {
    return { url: 'http://127.0.0.1:8080' }
  }
}

/** A name that an MCP server may have, from a document's title. */
const slug = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40) || 'api'

function commentOf({ score: { total, ...answers } }: Candidate): string {
  const parts = Object.entries(answers).map(([name, { points, most, why }]) => `${name} ${points}/${most} (${why})`)
  return ` ${total} of 100: ${parts.join(', ')}`
}

/**
 * A starter curation file with the chosen operations, as YAML with comments. `source` is the document (a file or a
 * URL), `file` where the result will be written: the one names the other relatively.
 */
export function writeStarter(document: ApiDocument, candidates: Candidate[], source: string, file: string): string {
  const chosen = candidates.filter((candidate) => candidate.chosen)
  const info = isObject(document.root.info) ? document.root.info : {}
  const title = plainWords(typeof info.title === 'string' ? info.title : '') || 'API'
  const isRemote = /^https?:\/\//.test(source)
  const openapi = isRemote ? source : relative(dirname(resolve(file)), resolve(source))
  const { credential, comment } = credentialOf(document.root)
  const url = urlOf(document)
  const yaml = new Document({
    server: { name: slug(title), title },
    backend: { openapi, ...url, ...(credential !== undefined && { credential }) },
    tools: chosen.map(({ entry }) => entry),
  })
  yaml.commentBefore = HEAD
  const backend = yaml.get('backend', true)
  if (isNode(backend))
    backend.commentBefore =
      'url' in url ? `${comment}\n The document does not tell where the API is: set "url".` : comment
  const tools = yaml.get('tools')
  if (isSeq(tools)) {
    for (const [index, candidate] of chosen.entries()) {
      const item = tools.items[index]
      if (isNode(item)) item.commentBefore = commentOf(candidate)
    }
  }
  return yaml.toString({ lineWidth: 118 })
}
