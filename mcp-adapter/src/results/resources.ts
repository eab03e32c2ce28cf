import { createHash, randomBytes } from 'node:crypto'
import { isObject, type JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'

/**
 * What results lead to instead of holding it. Reading a tool that only reads is repeated by whoever reads the resource,
 * with their own rights, so nothing has to be kept; the rest is kept here for a few minutes, for its owner alone.
 */

const SCHEME = 'handrail://'
const LONGEST_ARGUMENTS = 2000

/** Whether the answer can be had again by the same call. */
const isReadAgain = ({ operation, confirm }: Tool) => operation.method === 'GET' && !confirm

/** `handrail://tools/get_report/eyJ…`: a tool, and its arguments as base64url of JSON. Undefined: it changes something. */
export function callUri(tool: Tool, args: JsonObject): string | undefined {
  if (!isReadAgain(tool)) return undefined
  const json = JSON.stringify(args)
  return json.length > LONGEST_ARGUMENTS
    ? undefined
    : `${SCHEME}tools/${tool.name}/${Buffer.from(json).toString('base64url')}`
}

type Reference = { name: string; args: JsonObject } | { id: string }

/** What a URI means; undefined when it is none of ours. */
export function parseUri(uri: string): Reference | undefined {
  const [, name, encoded] = /^handrail:\/\/tools\/([\w-]{1,64})\/([\w-]*)$/.exec(uri) ?? []
  if (name !== undefined && encoded !== undefined) {
    try {
      const args: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
      return isObject(args) ? { name, args } : undefined
    } catch {
      return undefined
    }
  }
  const [, id] = /^handrail:\/\/kept\/([\w-]{22,64})$/.exec(uri) ?? []
  return id === undefined ? undefined : { id }
}

export interface KeptContent {
  mimeType: string
  body: Buffer
}

/** Contents of answers that cannot be had again. */
export interface KeptStore {
  /** Its URI; undefined when it is too large to be kept. `owner` may be a secret: only its hash is held. */
  put(owner: string, content: KeptContent): string | undefined
  /** Nothing for an id that is unknown, too old, or somebody else's: all three look the same. */
  get(owner: string, id: string): KeptContent | undefined
}

const KEPT_MS = 5 * 60_000
const MOST_BYTES = 32 * 1024 * 1024
const MOST_BYTES_OF_ONE = 8 * 1024 * 1024
const ID_BYTES = 24

/** In memory, bounded for each owner and for all together; the oldest goes first. `now` is in milliseconds. */
export function createKeptStore(now: () => number = () => performance.now()): KeptStore {
  const kept = new Map<string, KeptContent & { owner: string; until: number }>()
  const hash = (owner: string) => createHash('sha256').update(owner).digest('base64url')
  const sizeOf = (owner?: string) =>
    [...kept.values()].reduce(
      (sum, each) => sum + (owner === undefined || each.owner === owner ? each.body.length : 0),
      0,
    )

  function makeRoom(owner: string, bytes: number): void {
    for (const [id, { until }] of kept) if (until <= now()) kept.delete(id)
    // A Map keeps the order of insertion.
    for (const [id, each] of kept) {
      if (sizeOf(owner) + bytes <= MOST_BYTES_OF_ONE) break
      if (each.owner === owner) kept.delete(id)
    }
    for (const id of kept.keys()) {
      if (sizeOf() + bytes <= MOST_BYTES) break
      kept.delete(id)
    }
  }

  return {
    put(who, { mimeType, body }) {
      if (body.length > MOST_BYTES_OF_ONE) return undefined
      const owner = hash(who)
      makeRoom(owner, body.length)
      const id = randomBytes(ID_BYTES).toString('base64url')
      kept.set(id, { mimeType, body, owner, until: now() + KEPT_MS })
      return `${SCHEME}kept/${id}`
    },
    get(who, id) {
      const found = kept.get(id)
      if (!found || found.until <= now() || found.owner !== hash(who)) return undefined
      return { mimeType: found.mimeType, body: found.body }
    },
  }
}
