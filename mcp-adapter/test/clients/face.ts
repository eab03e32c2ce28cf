import type { JsonObject } from '../../src/json.ts'

/** The kinds of client that tests speak with: each SDK version, and SDK v2 in both eras of the protocol. */
export type Flavour = 'v1' | 'v2-legacy' | 'v2-modern'
export const FLAVOURS: Flavour[] = ['v1', 'v2-legacy', 'v2-modern']

export const CLIENT_INFO = { name: 'test', version: '1.0.0' }

export interface ToolResult {
  content: { type: string; text: string; uri?: string; [key: string]: unknown }[]
  structuredContent?: JsonObject
  isError?: boolean
}

export interface CallOptions {
  signal?: AbortSignal
  _meta?: object
  onprogress?: (progress: { progress: number; total?: number; message?: string }) => void
}

/** What tests ask of a client, whichever SDK is behind it. */
export interface TestClient {
  list(): Promise<{ name: string; [key: string]: unknown }[]>
  call(name: string, args?: object, options?: CallOptions): Promise<ToolResult>
  read(uri: string): Promise<{ uri: string; mimeType?: string; text?: string; blob?: string }[]>
  close(): Promise<void>
}

/** The parameters of a call, as both SDKs take them. */
export const callParams = (name: string, args: object, _meta: object | undefined) => ({
  name,
  arguments: args as Record<string, unknown>,
  ...(_meta && { _meta: _meta as Record<string, unknown> }),
})

/** What a person answers to a question. */
export interface Answer {
  action: 'accept' | 'decline' | 'cancel'
  content?: Record<string, boolean>
}
export type Person = (question: string) => Answer | Promise<Answer>

/** Of a client with a person behind it: it says that it can ask one. */
export const capabilitiesOf = (person: Person | undefined) => ({ capabilities: person ? { elicitation: {} } : {} })
