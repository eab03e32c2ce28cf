import type { Answer } from '../backend/backend.ts'
import type { Tool } from '../tools/tools.ts'
import { isText, mediaKind, textOf, typeOf } from './body.ts'
import { curatedBody } from './curated.ts'
import { visible } from './hidden.ts'
import { callUri } from './resources.ts'
import type { Content, Mapping } from './result.ts'

/** Bytes of an image or a sound that stand in a result. */
const MOST_INLINE_BYTES = 1024 * 1024

/** A media type as it may be repeated: `application/pdf`. */
export function mimeTypeOf(answer: Answer): string {
  const type = typeOf(answer)
  return /^[\w!#$&^.+-]{1,60}\/[\w!#$&^.+-]{1,60}$/.test(type) ? type : 'application/octet-stream'
}

/** The file name that an answer carries (RFC 6266), as letters, digits and `. _ -` of at most 80 characters. */
function fileNameOf({ headers }: Answer): string | undefined {
  const header = headers['content-disposition']
  if (header === undefined || header.length > 2000) return undefined
  const [, encoded] = /;\s*filename\*\s*=\s*utf-8'[\w-]*'([^\s;]+)/i.exec(header) ?? []
  const [, quoted, bare] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(header) ?? []
  let name = quoted ?? bare ?? ''
  try {
    if (encoded !== undefined) name = decodeURIComponent(encoded)
  } catch {
    // Not UTF-8 after all: the plain name stands.
  }
  const last = visible(name).split(/[/\\]/).at(-1) ?? ''
  const safe = last
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^[._]+/, '')
    .slice(0, 80)
  return safe === '' ? undefined : safe
}

/** Leads to an answer; undefined when it can neither be had again nor be kept. */
export function linkTo(tool: Tool, answer: Answer, { args, keep }: Mapping, mimeType = mimeTypeOf(answer)) {
  const again = args === undefined ? undefined : callUri(tool, args)
  const body = curatedBody(tool, answer)
  const uri = again ?? (body && keep?.({ mimeType, body }))
  if (uri === undefined) return undefined
  const name = fileNameOf(answer) ?? tool.name
  const link: Content = { type: 'resource_link', uri, name, mimeType, size: (body ?? answer.body).length }
  return link
}

/** An answer that is neither JSON nor text: an image, a sound, or a link to the file, with a line that says so. */
export function fileContent(tool: Tool, answer: Answer, mapping: Mapping): Content[] {
  const mimeType = mimeTypeOf(answer)
  const kind = mediaKind(mimeType)
  const { body } = answer
  if (kind !== undefined && body.length <= MOST_INLINE_BYTES && !answer.truncated) {
    return [{ type: kind, data: body.toString('base64'), mimeType }]
  }
  const size = `${body.length} bytes of ${mimeType}`
  const link = linkTo(tool, answer, mapping)
  if (!link) return [{ type: 'text', text: `The answer is ${size}, which cannot be shown.` }]
  return [{ type: 'text', text: `The answer is ${size}: read the resource ${link.name}.` }, link]
}

/** The whole answer as the contents of a resource (MCP, resources/read). JSON is given as `text`. */
export function wholeContent(answer: Answer, json: string | undefined): Content {
  const mimeType = mimeTypeOf(answer)
  const text = json ?? (isText(mimeType) ? visible(textOf(answer)) : undefined)
  const contents = text === undefined ? { blob: answer.body.toString('base64') } : { text }
  return { type: 'resource', resource: { uri: '', mimeType, ...contents } }
}
