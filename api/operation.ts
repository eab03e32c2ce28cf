import type { Static, TObject, TSchema } from '@sinclair/typebox'
import type { Action } from '../src/domain/actions.ts'
import type { Call, Visibility } from '../src/domain/call.ts'
import type { ErrorCode } from '../src/domain/errors.ts'
import type { Resource } from '../src/domain/resources.ts'

/** What the handler and the policy hooks of an operation read from a request, already validated. */
export interface Input<P, Q, B> {
  params: P
  query: Q
  body: B
}

/** How sure one should be before doing it: `high` risk acts of agents are the ones a person wants to see. */
export type Risk = 'low' | 'medium' | 'high'

export interface Facts {
  /** Minor units, where money moves. */
  amount?: number
}

export interface Spec<P extends TObject, Q extends TObject, B extends TObject, R extends TSchema> {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the version's prefix, with parameters as `:name`. */
  path: string
  operationId: string
  tag: string
  summary: string
  /** For a model as much as for a person: when to use it, and when not. */
  description: string
  action: Action
  /** What it weighs against a caller's quota; a read of one thing is 1. */
  cost: number
  risk: Risk
  /**
   * Of a change: how often one caller may have it carried out, or ask for consent to it, in a minute. Repeats with the same Idempotency-Key and
   * dry runs do not count, since they change nothing.
   */
  perMinute?: number
  params?: P
  query?: Q
  body?: B
  success: {
    status: 200 | 201 | 202 | 204
    description: string
    schema?: R
    example?: Static<R>
    /** Where to find what was made. */
    location?: (result: Static<R>) => string
    /** When to ask again, in seconds; undefined where nothing will change any more. */
    retryAfter?: (result: Static<R>) => number | undefined
    /** Of a read: the same result as text of another media type, for requests that want it. */
    also?: {
      type: string
      schema: TSchema
      example: string
      wanted: (query: Static<Q>) => boolean
      write: (result: Static<R>) => string
    }
    /** Of a read: the answer is a file to be saved under this name, which lacks its ending. */
    fileName?: (result: Static<R>) => string
  }
  /** A request that works, for the document; the body is what matters. */
  example?: { params?: Static<P>; query?: Partial<Static<Q>>; body?: Static<B> }
  /** The codes it can answer beside those that every operation can. */
  errors?: ErrorCode[]
  /** The change wants the ETag of what the caller has read. */
  ifMatch?: boolean
  /** What the action is taken on; a list has none, since policy tells what of it is visible. */
  on: 'list' | ((call: Call, input: Input<Static<P>, Static<Q>, Static<B>>) => Resource | Promise<Resource>)
  /** The scopes that the request would give away, for policy. */
  requestedScopes?: (body: Static<B>) => string[]
  /** What else policy wants to know of the request. With `lock` it stays as it is until the transaction ends. */
  facts?: (call: Call, input: Input<Static<P>, Static<Q>, Static<B>>, lock: boolean) => Facts | Promise<Facts>
  /** What the change is made on, as a read shows it: for dry runs, and for the person who has to consent. */
  before?: (call: Call, input: Input<Static<P>, Static<Q>, Static<B>>) => Promise<object>
  /** Takes out of the result what a dry run must not show. */
  preview?: (result: Static<R>) => object
  handler: (
    call: Call,
    input: Input<Static<P>, Static<Q>, Static<B>> & { version: number; visible: Visibility },
  ) => Promise<Static<R> | undefined>
}

/** An operation whose own types no longer matter: what the plugins and the document see. */
// biome-ignore lint/suspicious/noExplicitAny: handlers take narrower inputs than the plugins can name
export type Operation = Spec<any, any, any, any>

/**
 * Declares an operation: the one place that says what it is called, who may do it, what goes in, what comes out and
 * what can go wrong. Routes, validation, policy and the OpenAPI document are made from it.
 */
export function operation<
  R extends TSchema,
  P extends TObject = TObject<Record<never, never>>,
  Q extends TObject = TObject<Record<never, never>>,
  B extends TObject = TObject<Record<never, never>>,
>(spec: Spec<P, Q, B, R>): Operation {
  return spec
}

/** Operations that only read are safe to repeat and change nothing. */
export const isRead = (operation: Operation) => operation.method === 'GET'
