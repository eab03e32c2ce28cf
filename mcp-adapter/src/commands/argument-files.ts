import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'

const isBase64 = (schema: Json | undefined) => isObject(schema) && schema.contentEncoding === 'base64'

/**
 * A file as the argument `name` takes it: bytes for an argument that is a file, base64 where the schema says so, and else
 * its text. Throws ConfigError when it cannot be read, or is no text where one is wanted.
 */
export function fileArgument(schema: JsonObject, path: string, name: string): Json {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new ConfigError(`"${name}": ${messageOf(error)}`)
  }
  const fields = isObject(schema.properties) ? schema.properties : {}
  const data = bytes.toString('base64')
  if (isBase64(fields.data)) return { data, ...(fields.filename !== undefined && { filename: basename(path) }) }
  if (isBase64(schema)) return data
  if (!isUtf8(bytes)) throw new ConfigError(`"${name}": ${path} is not text in UTF-8.`)
  return bytes.toString('utf8')
}
