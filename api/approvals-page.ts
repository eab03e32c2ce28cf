import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ROOT } from '../src/root.ts'

/**
 * The page shows what agents wrote to somebody who holds a powerful key, so the browser itself is told to refuse
 * markup made of text: Trusted Types without a single policy make innerHTML and its like throw.
 */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** A list, not a folder: nothing is served that is not named here. */
const FILES = [
  'page.css',
  'requests.css',
  'icon.svg',
  'page.js',
  'client.js',
  'dom.js',
  'text.js',
  'compare.js',
  'change.js',
  'list.js',
  'detail.js',
  'decision.js',
]

/**
 * The page on which a person decides on approvals: a client of the API like any other, with no rights of its own.
 * @throws Error when one of its files is missing
 */
export function registerApprovalsPage(app: FastifyInstance): void {
  const folder = join(ROOT, 'api', 'approvals-page')
  serve(app, '/approvals', join(folder, 'index.html'))
  for (const name of FILES) serve(app, `/approvals/${name}`, join(folder, name))
}

/** Read once: what is served fits together, also while the files are being replaced. */
function serve(app: FastifyInstance, url: string, file: string): void {
  const content = readFileSync(file)
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
  const type = TYPES[extname(file)] as string
  app.get(url, async (request: FastifyRequest, reply: FastifyReply) => {
    reply
      .header('content-security-policy', CSP)
      .header('referrer-policy', 'no-referrer')
      .header('cross-origin-resource-policy', 'same-origin')
      // Kept, but asked about each time: a page and scripts of two versions must not meet.
      .header('cache-control', 'no-cache')
      .header('etag', etag)
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
    return reply.type(type).send(content)
  })
}

/** RFC 9110 section 13.1.2: weak comparison with each tag of the list. */
function isKnown(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etag)
}
