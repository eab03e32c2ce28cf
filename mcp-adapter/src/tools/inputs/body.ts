import type { Operation } from '../../document/read.ts'
import { ConfigError } from '../../errors.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import type { Binding } from '../bindings.ts'
import { FILE_SCHEMA, isFile, withFiles } from './files.ts'
import { plainObject, resolveSchema } from './flatten.ts'
import { type BodyKind, type ChosenMedia, chooseMedia } from './media.ts'
import { isStyle, type Style } from './styles.ts'

/** How one field of a form is written (OpenAPI 3.1, Encoding Object). */
export interface FieldEncoding {
  /** Media types, with wildcards; empty when the document names none. */
  contentType: string[]
  style?: Style
  explode: boolean
  allowReserved: boolean
  /** Headers of the field's part that have one value. */
  headers: Record<string, string>
}

/** A request body: what it is, whether it is sent even when empty, whether one argument is all of it. */
export interface BodyRule {
  kind: BodyKind
  mediaType: string
  required: boolean
  whole: boolean
  encodings: Record<string, FieldEncoding>
  /** Fields whose values are files. */
  files: ReadonlySet<string>
}

/** The only value that a part's header can have, by the document. */
function constantHeaders(headers: Json | undefined): Record<string, string> {
  const named = Object.entries(isObject(headers) ? headers : {}).flatMap(([name, header]): [string, string][] => {
    const schema = isObject(header) && isObject(header.schema) ? header.schema : {}
    const only = Array.isArray(schema.enum) && schema.enum.length === 1 ? schema.enum[0] : undefined
    const value = schema.const ?? schema.default ?? only
    const isOwn = /^content-(type|disposition)$/i.test(name) || !/^[\w-]+$/.test(name)
    return isOwn || typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value) ? [] : [[name, value]]
  })
  return Object.fromEntries(named)
}

function readEncoding(entry: JsonObject): FieldEncoding {
  const { contentType, style, explode, allowReserved } = entry
  const styled = style !== undefined || explode !== undefined || allowReserved !== undefined
  const named = typeof style === 'string' && isStyle(style) ? style : 'form'
  const types = typeof contentType === 'string' ? contentType.split(',').map((type) => type.trim()) : []
  return {
    contentType: types.filter((type) => /^[\w!#$&^.+*-]+\/[\w!#$&^.+*;= -]+$/.test(type)),
    ...(styled && { style: named }),
    explode: typeof explode === 'boolean' ? explode : named === 'form',
    allowReserved: allowReserved === true,
    headers: constantHeaders(entry.headers),
  }
}

function readEncodings({ encoding }: JsonObject): Record<string, FieldEncoding> {
  const entries = Object.entries(isObject(encoding) ? encoding : {})
  return Object.fromEntries(entries.map(([name, entry]) => [name, readEncoding(isObject(entry) ? entry : {})]))
}

const takesObject = (schema: Json | undefined) =>
  !isObject(schema) || schema.type === undefined || [schema.type].flat().includes('object')

/** The schema of the one argument that is all of a body. */
function wholeSchema(root: JsonObject, operation: Operation, chosen: ChosenMedia, files: ReadonlySet<string>): Json {
  const { kind, mediaType, media } = chosen
  const schema = media.schema ?? {}
  const words = isObject(schema) && typeof schema.description === 'string' ? `${schema.description} ` : ''
  if (kind === 'json') return schema
  if (kind === 'text') {
    const isText = isObject(schema) && schema.type === 'string' && schema.$ref === undefined
    return isText ? schema : { type: 'string', description: `${words}The body as ${mediaType}.` }
  }
  if (kind === 'binary') {
    const { filename: _, contentType, ...properties } = FILE_SCHEMA.properties as JsonObject
    const isRange = mediaType.includes('*')
    return { ...FILE_SCHEMA, properties: { ...properties, ...(isRange && { contentType: contentType as Json }) } }
  }
  if (!takesObject(resolveSchema(root, schema)))
    throw new ConfigError(`${operation.id}: a body of ${mediaType} must be an object`)
  const isOpen = isObject(schema) && Object.keys(schema).length === 0
  return isOpen ? { type: 'object' } : withFiles(root, schema, files)
}

/** The names of all fields that a schema describes, through references and combinations. */
function fileNames(root: JsonObject, schema: Json, encodings: Record<string, FieldEncoding>, depth = 0): string[] {
  const target = resolveSchema(root, schema)
  if (!isObject(target) || depth > 8) return []
  const own = Object.entries(isObject(target.properties) ? target.properties : {}).filter(([name, child]) =>
    isFile(root, child, Object.hasOwn(encodings, name) ? encodings[name]?.contentType : undefined),
  )
  const parts = [target.allOf, target.anyOf, target.oneOf].flatMap((list) => (Array.isArray(list) ? list : []))
  return [...own.map(([name]) => name), ...parts.flatMap((part) => fileNames(root, part, encodings, depth + 1))]
}

/** What a body adds to the arguments: its fields, or one argument that is all of it (`asOne`). Throws ConfigError. */
export function bodyBindings(
  root: JsonObject,
  operation: Operation,
  asOne = false,
): { bindings: Omit<Binding, 'argument'>[]; body?: BodyRule } {
  const { requestBody } = operation
  if (!requestBody || !isObject(requestBody.content) || Object.keys(requestBody.content).length === 0)
    return { bindings: [] }
  const chosen = chooseMedia(requestBody.content)
  if (!chosen) {
    const types = Object.keys(requestBody.content).slice(0, 3).join(', ')
    throw new ConfigError(`${operation.id}: request bodies of ${types} are not supported`)
  }
  const required = requestBody.required === true
  const { kind, mediaType, media } = chosen
  const encodings = kind === 'form' || kind === 'multipart' ? readEncodings(media) : {}
  const files = new Set(kind === 'multipart' ? fileNames(root, media.schema ?? {}, encodings) : [])
  const rule = { kind, mediaType, required, encodings, files }
  const common = { place: 'body' as const, style: 'simple', explode: false }
  const schema = wholeSchema(root, operation, chosen, files)
  const flat = asOne || kind === 'text' || kind === 'binary' ? undefined : plainObject(root, schema)
  // An optional body with required fields: flattened, the fields would be required even when no body is meant.
  if (!flat || (!required && flat.required.length > 0)) {
    const words =
      isObject(schema) && schema.description === undefined && typeof requestBody.description === 'string'
        ? { ...schema, description: requestBody.description }
        : schema
    return { bindings: [{ ...common, name: '', required, schema: words }], body: { ...rule, whole: true } }
  }
  const bindings = Object.entries(flat.properties).map(([name, child]) => {
    return { ...common, name, required: flat.required.includes(name), schema: child }
  })
  return { bindings, body: { ...rule, whole: false } }
}
