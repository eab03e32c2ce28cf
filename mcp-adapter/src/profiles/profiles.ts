import { isObject, type JsonObject } from '../json.ts'
import type { PublishedTool, Tool } from '../tools/tools.ts'
import { gemini } from './gemini.ts'
import { plainRoot, portable } from './portable.ts'

/** How input schemas are written for the hosts of one family. */
export type Profile = 'full' | 'anthropic' | 'openai' | 'gemini'

const DIALECTS: Record<Profile, (schema: JsonObject) => JsonObject> = {
  full: (schema) => schema,
  anthropic: plainRoot,
  openai: portable,
  gemini,
}

export const PROFILES = Object.keys(DIALECTS) as Profile[]

/**
 * Clients by how their names begin. Hosts that show tools to models of several makers, and those that nobody knows, get
 * what all but Gemini's narrow form take.
 */
const CLIENTS: [RegExp, Profile][] = [
  [/^(claude|anthropic)/i, 'anthropic'],
  [/^(gemini|google|vertex)/i, 'gemini'],
]

/**
 * The profile of a client: the one that the curation file names, or by what the client says of itself (MCP,
 * Implementation). Clients say what they like: a name chooses words, and never rights.
 */
export function profileOf(configured: string | undefined, client: unknown): Profile {
  const named = PROFILES.find((profile) => profile === configured)
  if (named) return named
  const name = isObject(client) && typeof client.name === 'string' ? client.name : ''
  return CLIENTS.find(([pattern]) => pattern.test(name))?.[1] ?? 'openai'
}

const made = new WeakMap<Tool, Map<Profile, PublishedTool>>()

/**
 * A tool as hosts of a profile are shown it: its input schema in their dialect. Output schemas stay, because clients hold
 * results against them. Made once for each tool and profile.
 */
export function publishFor(profile: Profile, tool: Tool): PublishedTool {
  const known = made.get(tool) ?? new Map<Profile, PublishedTool>()
  made.set(tool, known)
  const before = known.get(profile)
  if (before) return before
  const { published } = tool
  const inputSchema = DIALECTS[profile](published.inputSchema) as PublishedTool['inputSchema']
  // Most schemas are plain, and one object serves every profile.
  const isSame = JSON.stringify(inputSchema) === JSON.stringify(published.inputSchema)
  const shown = isSame ? published : { ...published, inputSchema }
  known.set(profile, shown)
  return shown
}
