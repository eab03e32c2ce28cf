/**
 * @typedef {{ userId: string, kind: 'person' | 'agent', agentId: string | null, role: string, actions: string[] }} Me
 * @typedef {'pending' | 'approved' | 'denied' | 'cancelled' | 'expired' | 'used'} Status
 * @typedef {{
 *   id: string, status: Status, operationId: string, action: string, risk: 'low' | 'medium' | 'high', reasons: string[],
 *   requestedBy: { userId: string, agentId: string | null }, resource: { type: string, id: string },
 *   request: { path: Record<string, unknown>, query: Record<string, unknown>, body: object | null },
 *   effect: { before: object | null, after: object | null }, note: string | null, decidedBy: string | null,
 *   decidedAt: string | null, usedAt: string | null, expiresAt: string, createdAt: string,
 * }} Approval
 * @typedef {{ items: Approval[], nextCursor: string | null }} ApprovalPage
 * @typedef {{ fullName: string, username: string, role: string }} Person where the full name is masked, the user name stands for it
 */

/** Beside the page, wherever a proxy may have put both. */
const API = new URL('../api/v1/', import.meta.url)
const PATIENCE_MS = 20_000

/** @param {string} name @returns {boolean} whether it is the name, and not the stand-in for one that is masked */
const seen = (name) => !/^masked-[0-9a-f]{10}$/.test(name)

/** What went wrong, in words for the person. */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {string} hint what to do next
   * @param {string} code the problem's stable code, or `unreachable`
   * @param {string[]} details
   */
  constructor(message, hint, code, details = []) {
    super(message)
    this.hint = hint
    this.code = code
    this.details = details
  }
}

/** Calls the API with one person's key, and knows who that is. The key is nowhere else and ends with the client. */
export class Client {
  #key
  #end = new AbortController()
  /** @type {Map<string, Promise<Person | undefined>>} */
  #people = new Map()
  /** @type {Me} */
  me = { userId: '', kind: 'person', agentId: null, role: '', actions: [] }
  /** @type {Person | undefined} */
  myself

  /** @param {string} key */
  constructor(key) {
    this.#key = key
  }

  /** @returns {Promise<void>} who holds the key is known afterwards. @throws {Failure} */
  async signIn() {
    this.me = await this.get('me')
    this.myself = await this.person(this.me.userId)
  }

  /** Forgets the key and everything under way. */
  close() {
    this.#key = ''
    this.#end.abort()
  }

  get closed() {
    return this.#end.signal.aborted
  }

  /** @param {string} action @returns {boolean} whether it is of any use to try */
  may(action) {
    return this.me.actions.includes(action)
  }

  /**
   * @param {string} path below the API
   * @param {Record<string, string>} [query]
   * @returns {Promise<any>}
   * @throws {Failure}
   */
  get(path, query = {}) {
    const url = new URL(path, API)
    url.search = new URLSearchParams(query).toString()
    return this.#send(url, { method: 'GET' })
  }

  /**
   * @param {string} path below the API
   * @param {object} body
   * @param {string} idempotencyKey the same one whenever the same request is repeated
   * @returns {Promise<any>}
   * @throws {Failure}
   */
  post(path, body, idempotencyKey) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }
    return this.#send(new URL(path, API), { method: 'POST', headers, body: JSON.stringify(body) })
  }

  /**
   * @param {string} userId
   * @returns {Promise<Person | undefined>} nothing where the person may not be seen: the id has to do
   */
  person(userId) {
    if (!this.may('user:read')) return Promise.resolve(undefined)
    const known = this.#people.get(userId)
    if (known) return known
    const found = this.get(`users/${encodeURIComponent(userId)}`).then(
      ({ profile, username, role }) => ({
        fullName: seen(profile.fullName) ? profile.fullName : username,
        username,
        role,
      }),
      () => undefined,
    )
    this.#people.set(userId, found)
    return found
  }

  /** @param {URL} url @param {RequestInit} init */
  async #send(url, init) {
    if (this.closed) throw new Failure('You are signed out.', 'Sign in again.', 'signed-out')
    const late = new AbortController()
    const clock = setTimeout(() => late.abort(), PATIENCE_MS)
    const stop = () => late.abort()
    this.#end.signal.addEventListener('abort', stop)
    try {
      const response = await fetch(url, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${this.#key}`, accept: 'application/json' },
        signal: late.signal,
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
      })
      const text = await response.text()
      if (!response.ok) throw failureOf(response.status, text)
      return JSON.parse(text)
    } catch (error) {
      if (error instanceof Failure) throw error
      const again =
        init.method === 'GET'
          ? 'Check the connection and try again.'
          : 'Press again: that is safe, since nothing is done twice.'
      throw new Failure('The service did not answer.', again, 'unreachable')
    } finally {
      clearTimeout(clock)
      this.#end.signal.removeEventListener('abort', stop)
    }
  }
}

/** @param {number} status @param {string} text a problem (RFC 9457), or whatever stands before the service sent */
function failureOf(status, text) {
  try {
    const { message, hint, error, errors } = JSON.parse(text)
    if (typeof message === 'string' && typeof hint === 'string') {
      // The service's hint speaks to programs here.
      const said =
        error === 'unauthenticated' ? 'Paste the whole key, and one that is neither revoked nor expired.' : hint
      const details = Array.isArray(errors) ? errors.map((each) => `${each.pointer} ${each.message}`) : []
      return new Failure(message, said, String(error), details)
    }
  } catch {
    // Not of the service; said below.
  }
  return new Failure(`The service answered with status ${status}.`, 'Try again in a moment.', 'unknown')
}
