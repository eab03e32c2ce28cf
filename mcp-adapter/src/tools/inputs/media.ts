import { isObject, type JsonObject } from '../../json.ts'

/** How a body is written. */
export type BodyKind = 'json' | 'form' | 'multipart' | 'text' | 'binary'

/** Best first: what a model fills in most surely. */
const ORDER: BodyKind[] = ['json', 'form', 'multipart', 'text', 'binary']
const TOKEN = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+(\s*;\s*[\w-]+=("[\w .:/+-]*"|[\w.:/+-]*))*$/
const TEXTS =
  /^application\/(.+\+)?(xml|yaml|x-yaml|toml|javascript|graphql|sql|x-ndjson|ndjson|jsonl|jsonlines|x-jsonlines|jwt|json-seq|csv)$/

/** The kind of body that a media type means; undefined for one that is not sent. */
function kindOf(mediaType: string): BodyKind | undefined {
  if (!TOKEN.test(mediaType)) return undefined
  const type = (mediaType.split(';')[0] as string).trim().toLowerCase()
  if (/^[^/]+\/(.+\+)?json$/.test(type)) return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (type === 'multipart/form-data') return 'multipart'
  if (type.startsWith('multipart/')) return undefined
  if (type.startsWith('text/') || TEXTS.test(type)) return 'text'
  return 'binary'
}

export interface ChosenMedia {
  kind: BodyKind
  mediaType: string
  media: JsonObject
}

const isBinary = ({ schema }: JsonObject) =>
  isObject(schema) && (schema.format === 'binary' || (schema.contentMediaType !== undefined && !schema.contentEncoding))

/**
 * The media type that is sent, out of those that an operation takes: JSON before a form, multipart, text and binary;
 * of one kind the first. A range that takes anything (`*`/`*`) stands for JSON, unless its schema is binary.
 */
export function chooseMedia(content: JsonObject): ChosenMedia | undefined {
  const offered = Object.entries(content).flatMap(([mediaType, media]): ChosenMedia[] => {
    const kind = kindOf(mediaType)
    if (kind === undefined || !isObject(media)) return []
    const isRange = /^(\*|application)\/\*/.test(mediaType)
    if (isRange && !isBinary(media)) return [{ kind: 'json', mediaType: 'application/json', media }]
    return [{ kind, mediaType, media }]
  })
  const rank = ({ kind }: ChosenMedia) => ORDER.indexOf(kind)
  return offered.sort((a, b) => rank(a) - rank(b))[0]
}
