import { isObject, type Json, type JsonObject } from '../../json.ts'
import { resolveSchema } from './flatten.ts'

/** What a model gives for a file: its content as text, or as base64 where it is not text. */
export const FILE_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    text: { type: 'string', description: 'The content, when it is text.' },
    data: { type: 'string', contentEncoding: 'base64', description: 'Else the content in base64.' },
    contentType: { type: 'string' },
    filename: { type: 'string' },
  },
  additionalProperties: false,
}

const isText = (type: string) => /^text\/|[/+](json|xml|x-www-form-urlencoded)\b/i.test(type)

/**
 * Whether a form's field is a file: raw bytes by its schema (`format: binary`, or a `contentMediaType` without an encoding),
 * or by its encoding's media type. A list of files is one, too. A `contentEncoding` makes it a text that the caller encodes.
 */
export function isFile(root: JsonObject, schema: Json, contentType: string[] = []): boolean {
  const target = resolveSchema(root, schema)
  if (!isObject(target)) return false
  const types = [target.type].flat()
  if (types.includes('array')) return target.items !== undefined && isFile(root, target.items, contentType)
  if (target.contentEncoding !== undefined || !(types.includes('string') || target.type === undefined)) return false
  if (target.format === 'binary') return true
  if (typeof target.contentMediaType === 'string') return !/json/i.test(target.contentMediaType)
  return types.includes('string') && contentType.length > 0 && !contentType.some(isText)
}

/** The schema of a field that is a file, or a list of them: what a model gives for it. */
function fileSchema(root: JsonObject, schema: Json): Json {
  const target = resolveSchema(root, schema)
  if (!isObject(target)) return FILE_SCHEMA
  const words = typeof target.description === 'string' ? { description: target.description } : {}
  if (target.type !== 'array') return { ...FILE_SCHEMA, ...words }
  const { type, minItems, maxItems } = target
  return {
    type,
    items: fileSchema(root, target.items ?? {}),
    ...(minItems !== undefined && { minItems }),
    ...(maxItems !== undefined && { maxItems }),
    ...words,
  }
}

/** A form's schema with the arguments of files in place of binary strings, through references and combinations. */
export function withFiles(root: JsonObject, schema: Json, files: ReadonlySet<string>, depth = 0): Json {
  if (files.size === 0 || depth > 8) return schema
  const target = resolveSchema(root, schema)
  if (!isObject(target)) return schema
  const { properties } = target
  const lists = (['allOf', 'anyOf', 'oneOf'] as const).flatMap((word): [string, Json][] => {
    const list = target[word]
    return Array.isArray(list) ? [[word, list.map((part) => withFiles(root, part, files, depth + 1))]] : []
  })
  const fields = Object.entries(isObject(properties) ? properties : {}).map(([name, child]): [string, Json] => {
    return [name, files.has(name) ? fileSchema(root, child) : child]
  })
  return {
    ...target,
    ...(fields.length > 0 && { properties: Object.fromEntries(fields) }),
    ...Object.fromEntries(lists),
  }
}
