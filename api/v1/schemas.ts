import { type Static, type TSchema, Type } from '@sinclair/typebox'

/** What resources share. Every schema with an $id becomes a named component of the OpenAPI document. */

/** A reference to a schema with an $id, so that the document names it once instead of repeating it. */
export function ref<T extends TSchema>(schema: T) {
  return Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` })
}

/** `null` in the JSON Schema 2020-12 way that every client generator reads. */
export function nullable<T extends TSchema>(schema: T, description?: string) {
  const { type, ...rest } = schema
  return Type.Unsafe<Static<T> | null>({ ...rest, type: [type, 'null'], ...(description && { description }) })
}

/** A closed set of words. */
export function oneOf<const T extends readonly string[]>(values: T, options: { $id?: string; description: string }) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })
}

/** An object that refuses unknown fields: a misspelled field is told, never dropped. */
export function closed<T extends Record<string, TSchema>>(properties: T, options: Record<string, unknown> = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options })
}

export const Id = Type.String({ format: 'uuid', maxLength: 36, description: 'A UUID (version 7).' })
export const Time = Type.String({ format: 'date-time', maxLength: 35, description: 'A time in UTC, RFC 3339.' })
export const Version = Type.Integer({
  minimum: 1,
  description: 'Counts the changes. In double quotes it is the ETag, which If-Match wants: version 3 is "3".',
})

export const Money = closed(
  {
    amount: Type.Integer({
      minimum: 0,
      maximum: 100_000_000,
      description: 'Minor units of the currency: 1999 is 19.99 EUR.',
    }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', maxLength: 3, description: 'An ISO 4217 code.' }),
  },
  { $id: 'Money', description: 'An amount of money in integer minor units.' },
)

export const Total = Type.Object(
  {
    amount: Type.Integer({ minimum: 0, description: 'Minor units of the currency: 1999 is 19.99 EUR.' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', maxLength: 3, description: 'An ISO 4217 code.' }),
  },
  { $id: 'Total', description: 'A sum of money in integer minor units.' },
)

export const Problem = Type.Object(
  {
    type: Type.String({ format: 'uri', description: 'Names the kind of problem, as RFC 9457 wants it.' }),
    title: Type.String({ description: 'The kind of problem in words; the same for every occurrence.' }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What happened this time; the same text as `message`.' }),
    error: Type.String({ description: 'A stable code: decide on this one.' }),
    message: Type.String({ description: 'What happened this time.' }),
    hint: Type.String({ description: 'What to do next.' }),
    retryable: Type.Boolean({ description: 'Whether the same request may succeed later without a change.' }),
    errors: Type.Array(
      Type.Object({
        pointer: Type.String({
          description: 'Where: a JSON pointer that starts with /body, /query, /path or /header.',
        }),
        code: Type.String({ description: 'The rule that is broken.' }),
        message: Type.String({ description: 'The rule in words.' }),
      }),
      { description: 'Every part of the request that is at fault.' },
    ),
    missingScopes: Type.Optional(
      Type.Array(Type.String(), { description: 'Of `scope-missing`: every scope that is needed and not there.' }),
    ),
    timestamp: Time,
    requestId: Type.String({ description: 'Names this request in the logs; the same as the X-Request-Id header.' }),
  },
  { $id: 'Problem', description: 'The one body of every failure (RFC 9457, application/problem+json).' },
)

/** The query of every list. */
export const pageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'How many items at the most.' }),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: '`nextCursor` of the page before, as it was received.' }),
  ),
}

/** The query of every change. */
export const dryRunQuery = {
  dryRun: Type.Optional(
    Type.Boolean({
      description: 'True tells what the request would do, and whether a person has to consent; it changes nothing.',
    }),
  ),
}

/** A page of a list: the component's name tells whose. */
export function pageOf<T extends TSchema>(item: T, $id: string) {
  return Type.Object(
    {
      items: Type.Array(ref(item)),
      nextCursor: nullable(Type.String(), 'Pass it as `cursor` to get the next page; null on the last one.'),
    },
    { $id, description: `A page of ${$id.replace('Page', '')} items.` },
  )
}

export const search = (where: string) =>
  Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: `Part of the ${where}, in upper or lower case.` }),
  )
