import { createHash, randomBytes } from 'node:crypto'
import { isObject, isTooDeep, type JsonObject } from '../json.ts'
import type { Tool } from '../tools/tools.ts'

/**
 * What results lead to instead of holding it. Reading a tool that only reads is repeated by whoever reads the resource,
 * with their own rights, so nothing has to be kept; the rest is kept here for a few minutes, for its owner alone.
 */

const SCHEME = 'handrail://'
const LONGEST_ARGUMENTS = 2000
/** As many levels as a call may have. */
const DEEPEST_ARGUMENTS = 64

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
  const [, name, encoded] = /^handrail:\/\/tools\/([\w-]{1,64})\/([\w-]{0,10000})$/.exec(uri) ?? []
  if (name !== undefined && encoded !== undefined) {
    try {
      const args: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
      return isObject(args) && !isTooDeep(args, DEEPEST_ARGUMENTS) ? { name, args } : undefined
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
/** Small ones cost more than their bytes. */
const MOST_KEPT = 2000
const MOST_KEPT_OF_ONE = 100
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

  const countOf = (owner: string) => [...kept.values()].filter((each) => each.owner === owner).length

  function makeRoom(owner: string, bytes: number): void {
    for (const [id, { until }] of kept) if (until <= now()) kept.delete(id)
    // A Map keeps the order of insertion.
    for (const [id, each] of kept) {
      if (sizeOf(owner) + bytes <= MOST_BYTES_OF_ONE && countOf(owner) < MOST_KEPT_OF_ONE) break
      if (each.owner === owner) kept.delete(id)
    }
    for (const id of kept.keys()) {
      if (sizeOf() + bytes <= MOST_BYTES && kept.size < MOST_KEPT) break
      kept.delete(id)
    }
  }

  return {
    put(who, { mimeType, body }) {
      if (body.length > MOST_BYTES_OF_ONE) return undefined
      const owner = hash(who)
      makeRoom(owner, body.length)
      const id = randomBytes(ID_BYTES).toString('base64url')
      // A copy: a body of one byte may be a part of a large buffer of the connection's.
      kept.set(id, { mimeType, body: Buffer.from(body), owner, until: now() + KEPT_MS })
      return `${SCHEME}kept/${id}`
    },
    get(who, id) {
      const found = kept.get(id)
      if (!found || found.until <= now() || found.owner !== hash(who)) return undefined
      return { mimeType: found.mimeType, body: found.body }
    },
  }
}
