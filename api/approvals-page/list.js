import { Failure } from './client.js'
import { announce, byId, el, showFailure } from './dom.js'
import { clock, farness, foreign, plain, shorten, visible, words } from './text.js'

/**
 * @import { Approval, ApprovalPage, Client } from './client.js'
 * @typedef {{ item: HTMLElement, button: HTMLButtonElement, approval: Approval, left: boolean }} Entry
 */

const STEP = 20
/** The most that the API gives at once. */
const MOST = 100
const LONGEST = 80

/** @type {Record<Approval['status'], string>} */
export const STATUSES = {
  pending: 'Pending',
  approved: 'Approved',
  denied: 'Denied',
  cancelled: 'Withdrawn',
  expired: 'Expired',
  used: 'Carried out',
}

/** @param {Approval['requestedBy']} by @param {number} [longest] @returns {(Node | string)[]} */
export const whoAsked = ({ agentId }, longest = LONGEST) =>
  agentId === null ? ['a person'] : ['the agent ', foreign(shorten(agentId, longest))]

/**
 * The list of requests. Whatever it reads anew, an entry that has the focus or is open stays where it is.
 * @param {Client} client
 * @param {{ open: (approval: Approval) => void, failed: (failure: Failure) => boolean }} on
 *   failed: tells whether the page as a whole has seen to it
 */
export function createList(client, on) {
  const place = byId('requests', HTMLElement)
  const state = byId('list-state', HTMLElement)
  const problem = byId('list-problem', HTMLElement)
  const more = byId('more', HTMLButtonElement)
  const status = byId('status', HTMLSelectElement)
  /** @type {Map<string, Entry>} */
  const entries = new Map()
  let openId = ''
  let turn = 0
  let shown = 0
  /** The failure that is shown. */
  let said = ''

  /** @param {number} wanted @returns {Promise<ApprovalPage>} */
  async function read(wanted) {
    /** @type {ApprovalPage} */
    const all = { items: [], nextCursor: null }
    do {
      const page = await client.get('approvals', {
        ...(status.value && { status: status.value }),
        limit: String(Math.min(MOST, wanted - all.items.length)),
        ...(all.nextCursor && { cursor: all.nextCursor }),
      })
      all.items.push(...page.items)
      all.nextCursor = page.nextCursor
    } while (all.nextCursor && all.items.length < wanted)
    return all
  }

  /** @param {number} wanted @returns {Promise<Approval[] | undefined>} what is new; nothing if it failed or came too late */
  async function load(wanted) {
    const mine = ++turn
    try {
      const page = await read(wanted)
      if (mine !== turn || client.closed) return undefined
      show(page)
      const fresh = page.items.filter(({ id }) => !entries.has(id))
      draw(page.items)
      fail(undefined)
      return fresh
    } catch (error) {
      if (mine === turn && !client.closed && error instanceof Failure && !on.failed(error)) fail(error)
      return undefined
    }
  }

  /** Said once, not at each attempt. @param {Failure | undefined} failure @param {string} [prefix] */
  function fail(failure, prefix = 'The list could not be read. ') {
    const text = failure ? prefix + failure.message : ''
    if (text === said) return
    said = text
    if (failure && entries.size === 0) state.textContent = ''
    showFailure(problem, failure, prefix)
  }

  /** @param {ApprovalPage} page */
  function show({ items, nextCursor }) {
    shown = items.length
    const count = `${shown}${nextCursor ? ' or more' : ''}`
    const what = status.value ? ` ${STATUSES[/** @type {Approval['status']} */ (status.value)].toLowerCase()}` : ''
    state.textContent = `${shown === 0 ? `No request${what && ` is${what}`}` : `${count}${what}`}. Read at ${clock(new Date())}.`
    if (status.value === 'pending')
      document.title = `${shown > 0 ? `(${shown}${nextCursor ? '+' : ''}) ` : ''}Approvals – Handrail`
    more.hidden = nextCursor === null
  }

  /** @param {Approval[]} items the newest first, as their ids tell */
  function draw(items) {
    const listed = new Set(items.map(({ id }) => id))
    for (const [id, entry] of entries) {
      if (listed.has(id)) continue
      if (id === openId || entry.item.contains(document.activeElement)) leave(entry)
      else remove(id)
    }
    for (const approval of items) put(approval)
    const ordered = [...entries].sort(([a], [b]) => (a < b ? 1 : -1))
    ordered.forEach(([, { item }], index) => {
      // Moving an element would take its focus; none moves that stands right.
      if (place.children[index] !== item) place.insertBefore(item, place.children[index] ?? null)
    })
  }

  /** @param {string} id */
  function remove(id) {
    entries.get(id)?.item.remove()
    entries.delete(id)
  }

  /** It is not on the list any more, but somebody is looking at it. @param {Entry} entry */
  function leave(entry) {
    if (entry.left) return
    entry.left = true
    const now = entry.approval.status
    entry.button.append(' ', el('span', { class: 'left' }, now === 'pending' ? 'Not pending any more' : STATUSES[now]))
  }

  /** @param {Approval} approval */
  function put(approval) {
    const known = entries.get(approval.id)
    if (!known) {
      const button = el('button', { type: 'button', onclick: () => on.open(entryOf(approval.id).approval) })
      const entry = { item: el('li', {}, button), button, approval, left: false }
      entries.set(approval.id, entry)
      place.append(entry.item)
    }
    const entry = entryOf(approval.id)
    entry.approval = approval
    const face = el('span', {}, ...faceOf(approval))
    // What is read aloud or selected at the moment is left alone.
    if (entry.button.textContent === face.textContent) return
    entry.left = false
    entry.button.replaceChildren(face)
  }

  /** @param {string} id */
  const entryOf = (id) => /** @type {Entry} */ (entries.get(id))

  /** @param {Approval} approval @returns {(Node | string)[]} */
  function faceOf({ operationId, risk, requestedBy, resource, status: now, expiresAt, createdAt }) {
    const open = now === 'pending' || now === 'approved'
    return [
      el('span', { class: 'name' }, ...visible(shorten(words(operationId), LONGEST))),
      ' ',
      el('span', { class: `risk ${risk}` }, `${words(risk)} risk`),
      ' ',
      el('span', { class: 'line' }, 'asked by ', ...whoAsked(requestedBy)),
      ' ',
      el('span', { class: 'line' }, foreign(resource.type), ' ', foreign(shorten(resource.id, LONGEST))),
      ' ',
      el(
        'span',
        { class: 'line' },
        ...(status.value ? [] : [`${STATUSES[now]}, `]),
        'asked ',
        farness(createdAt),
        ...(open ? [', expires ', farness(expiresAt)] : []),
      ),
    ]
  }

  /** Forgets what is shown, since another list is asked for. */
  function clear() {
    for (const id of [...entries.keys()]) remove(id)
    more.hidden = true
    state.textContent = 'Reading …'
  }

  return {
    load: () => load(STEP),

    /** Reads the steps that are shown. @param {{ aloud: boolean }} how aloud: the person asked for it */
    async refresh({ aloud }) {
      if (aloud) said = ''
      const fresh = await load(Math.max(STEP, Math.ceil(shown / STEP) * STEP))
      if (!fresh) return
      const news = fresh.length > 0 && status.value === 'pending'
      if (aloud || news) announce(`${news ? `New: ${fresh.length}. ` : ''}${state.textContent}`)
    },

    async more() {
      const fresh = await load(shown + STEP)
      if (!fresh) return
      announce(`${fresh.length} more.`)
      if (more.hidden && fresh[0]) entryOf(fresh[0].id).button.focus()
    },

    async filter() {
      clear()
      if (await load(STEP)) announce(state.textContent ?? '')
    },

    clear,

    /** @param {string} id the one that is open, or nothing */
    mark(id) {
      entries.get(openId)?.button.removeAttribute('aria-current')
      openId = id
      entries.get(id)?.button.setAttribute('aria-current', 'true')
    },

    /** @param {Approval} approval what became of one that was decided on */
    update(approval) {
      const entry = entries.get(approval.id)
      if (!entry) return
      put(approval)
      if (status.value && status.value !== approval.status) leave(entry)
    },

    /** @param {string} id @returns {void} the focus goes to it, or to the list where it is not any more */
    focus(id) {
      const target = entries.get(id)?.button ?? byId('list-heading', HTMLElement)
      target.focus()
    },

    /** @param {Failure} failure @param {string} name what could not be opened */
    notOpened(failure, name) {
      fail(failure, `“${plain(name)}” could not be opened. `)
    },
  }
}
