import type { Operation } from './operation.ts'

const header = (description: string, schema: object) => ({ description, schema })
/** Once for the whole document: every operation has them. */
export const LIMIT_HEADERS = [
  [
    'RateLimit-Policy',
    'The quotas that were looked at: `q` points in `w` seconds. `x-cost` tells what an operation costs.',
    '"principal";q=6000;w=60, "agent";q=1200;w=60',
  ],
  [
    'RateLimit',
    'What is left of them: `r` points, and all of them again in `t` seconds.',
    '"principal";r=5990;t=42, "agent";r=1190;t=17',
  ],
] as const
export const HEADERS = {
  always: {
    'X-Request-Id': header('Names this request in the logs; a valid one of yours is kept.', { type: 'string' }),
  },
  etag: { ETag: header('The version of what was read, for If-Match and If-None-Match.', { type: 'string' }) },
  location: { Location: header('The path of what was made.', { type: 'string' }) },
  file: { 'Content-Disposition': header('The name to save the file under.', { type: 'string' }) },
  challenge: {
    'WWW-Authenticate': header('Where tokens come from, and which scopes to ask for (RFC 6750, RFC 9728).', {
      type: 'string',
    }),
  },
  limits: Object.fromEntries(LIMIT_HEADERS.map(([name]) => [name, { $ref: `#/components/headers/${name}` }])),
  retry: { 'Retry-After': header('Seconds to wait before trying again.', { type: 'integer' }) },
}

/** What an answer of success carries. */
export const successHeaders = ({ method, success, ifMatch }: Operation) => ({
  ...HEADERS.always,
  ...((method === 'GET' || ifMatch) && HEADERS.etag),
  ...(success.location && HEADERS.location),
  ...(success.retryAfter && HEADERS.retry),
  ...(success.fileName && HEADERS.file),
})
