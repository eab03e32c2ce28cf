import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../../src/root.ts'
import { startService } from '../support/service.ts'

/** The tests only read. */
const started = startService(t)

const FOLDER = join(ROOT, 'api', 'approvals-page')
const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}
const files = readdirSync(FOLDER).filter((name) => !name.endsWith('.json'))
const urlOf = (name: string) => (name === 'index.html' ? '/approvals' : `/approvals/${name}`)

t.test('every file of the page is served as what it is, and to nobody else’s page', async (t) => {
  const { app } = await started
  for (const name of files) {
    const response = await app.inject(urlOf(name))
    t.equal(response.statusCode, 200, name)
    t.equal(response.body, readFileSync(join(FOLDER, name), 'utf8'))
    t.match(response.headers, {
      'content-type': TYPES[name.split('.').at(-1) as string],
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-cache',
      etag: /^"[\w-]{22}"$/,
    })
    const policy = String(response.headers['content-security-policy']).split('; ')
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      t.ok(policy.includes(part), part)
    t.notMatch(policy.join(), /unsafe|\*|https?:/)
  }
})

t.test('the page holds no script, style or address of elsewhere', async (t) => {
  const html = readFileSync(join(FOLDER, 'index.html'), 'utf8')
  t.notMatch(html, /<style|<script(?![^>]*src=)|\sstyle=|\son\w+=|https?:/)
  for (const name of files.filter((each) => each.endsWith('.js'))) {
    const text = readFileSync(join(FOLDER, name), 'utf8')
    t.notMatch(
      text,
      /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|localStorage|sessionStorage|https?:/,
      name,
    )
  }
})

t.test('what a browser has already is not sent again', async (t) => {
  const { app } = await started
  const { etag } = (await app.inject('/approvals')).headers
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const response = await app.inject({ url: '/approvals', headers: { 'if-none-match': String(tag) } })
    t.equal(response.statusCode, 304, String(tag))
    t.equal(response.body, '')
    t.equal(response.headers.etag, etag)
  }
  t.equal((await app.inject({ url: '/approvals', headers: { 'if-none-match': '"other"' } })).statusCode, 200)
})

t.test('HEAD tells the same, other methods are refused, other files are not there', async (t) => {
  const { app } = await started
  const head = await app.inject({ method: 'HEAD', url: '/approvals' })
  const get = await app.inject('/approvals')
  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  for (const name of ['content-type', 'content-length', 'etag', 'content-security-policy'])
    t.equal(head.headers[name], get.headers[name], name)

  const post = await app.inject({ method: 'POST', url: '/approvals', payload: {} })
  t.equal(post.statusCode, 405)
  t.equal(post.headers.allow, 'GET, HEAD')
  t.match(post.json(), { error: 'method-not-allowed', hint: /Allow/ })
  for (const url of ['/approvals/tsconfig.json', '/approvals/index.html', '/approvals/..%2fapp.ts', '/approvals/'])
    t.match((await app.inject(url)).json(), { error: 'route-not-found' }, url)
})

t.test('the page is no part of the API', async (t) => {
  const { document } = await started
  t.notOk(Object.keys(document.paths).some((path) => !path.startsWith('/api/v1/')))
})
