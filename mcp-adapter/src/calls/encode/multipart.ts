import { randomUUID } from 'node:crypto'
import type { FieldEncoding } from '../../tools/inputs/body.ts'
import { firstType, readFileArgument } from './file.ts'
import { type Field, formParts } from './form.ts'
import { type Sendable, wellFormed, within } from './text.ts'

/** A name inside a part's header, as browsers write it (HTML, multipart/form-data encoding algorithm). */
function quoted(text: string): string {
  return `"${wellFormed(text).replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')}"`
}

interface PartHead {
  name: string
  filename?: string
  contentType?: string
  headers?: Record<string, string>
}

function partHead({ name, filename, contentType, headers }: PartHead): string {
  const lines = [`Content-Disposition: form-data; name=${quoted(name)}`]
  if (filename !== undefined) lines[0] += `; filename=${quoted(filename)}`
  if (contentType !== undefined) lines.push(`Content-Type: ${contentType}`)
  for (const [header, value] of Object.entries(headers ?? {})) lines.push(`${header}: ${value}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** The parts of a field, each with its head and content. */
function partsOf(field: Field, encoding: FieldEncoding | undefined, isFile: boolean): [PartHead, Buffer | string][] {
  const [name, value] = field
  const allowed = encoding?.contentType ?? []
  const headers = encoding?.headers ?? {}
  if (isFile && value !== null) {
    const part = (item: Sendable): [PartHead, Buffer] => {
      const { bytes, filename = 'file', contentType = firstType(allowed) } = readFileArgument(item, allowed)
      return [{ name, filename, contentType, headers }, bytes]
    }
    if (!Array.isArray(value)) return [part(value)]
    return value.map((item, index) => within(String(index), () => part(item)))
  }
  const isNested = (item: Sendable) => typeof item === 'object' && item !== null
  const json = encoding?.style === undefined && (Array.isArray(value) ? value.some(isNested) : isNested(value))
  const declared = encoding?.style === undefined ? allowed.find((type) => !type.includes('*')) : undefined
  const contentType = declared ?? (json ? 'application/json' : undefined)
  return formParts(field, encoding, wellFormed).map(([partName = name, text]) => [
    { name: partName, headers, ...(contentType !== undefined && { contentType }) },
    text,
  ])
}

/**
 * A body of `multipart/form-data` (RFC 7578). It is written here because `FormData` gives a part a type only as a file,
 * and its bytes only later. The boundary is 122 random bits, so that no value can hold it.
 */
export function multipart(
  fields: Field[],
  encodings: Record<string, FieldEncoding>,
  files: ReadonlySet<string>,
  mediaType: string,
): { contentType: string; body: Buffer } {
  const boundary = `handrail-${randomUUID()}`
  const chunks: Buffer[] = []
  for (const field of fields) {
    const encoding = Object.hasOwn(encodings, field[0]) ? encodings[field[0]] : undefined
    const parts = within(field[0], () => partsOf(field, encoding, files.has(field[0])))
    for (const [head, content] of parts)
      chunks.push(Buffer.from(`--${boundary}\r\n${partHead(head)}`), Buffer.from(content), Buffer.from('\r\n'))
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return { contentType: `${mediaType.split(';')[0]}; boundary=${boundary}`, body: Buffer.concat(chunks) }
}
