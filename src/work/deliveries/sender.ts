import type { ChannelKind } from '../../storage/generated/enums.ts'

/** What leaves: a message that somebody sent, or an event (`event` is its type, `text` its data as JSON). */
export interface Letter {
  id: string
  event: string | null
  text: string
  about: { type: string; id: string } | null
  sentBy: { userId: string; agentId: string | null }
  createdAt: Date
}

/** Where it goes. */
export interface Destination {
  id: string
  kind: keyof Senders
  target: string | null
  /** Sealed, the newest first. */
  secrets: Uint8Array[]
  rotatedAt: Date | null
}

/**
 * What became of one attempt. An error is a text of ours, never the receiver's. `unknown`: the request left and no
 * answer came, so it may have been carried out.
 */
export type Outcome =
  | { kind: 'delivered'; receipt?: string }
  | { kind: 'transient'; error: string; retryAfterMs?: number }
  | { kind: 'permanent'; error: string; gone?: boolean }
  | { kind: 'unknown'; error: string; retryAfterMs?: number }

/** Sends to one kind of channel. */
export interface Sender {
  /** Makes one attempt. @param signal ends it. @throws only before anything has left */
  send(letter: Letter, to: Destination, signal: AbortSignal): Promise<Outcome>
}

/** What goes to an inbox stays where it is, to be read with listMessages: nobody has to send it. */
export type Senders = Record<Exclude<ChannelKind, 'inbox'>, Sender>
