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
  params?: P
  query?: Q
  body?: B
  success: {
    status: 200 | 201 | 204
    description: string
    schema?: R
    example?: Static<R>
    /** Where to find what was made. */
    location?: (result: Static<R>) => string
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
