import { Client, Failure } from './client.js'
import { createDecision } from './decision.js'
import { notice, showDetail } from './detail.js'
import { announce, byId, el, showFailure } from './dom.js'
import { createList, STATUSES } from './list.js'
import { foreign, plain, words } from './text.js'

/** @import { Approval } from './client.js' */

const POLL_MS = 15_000

const form = byId('sign-in-form', HTMLFormElement)
const field = byId('key', HTMLInputElement)
const signInProblem = byId('sign-in-problem', HTMLElement)
const detail = byId('detail', HTMLElement)
const desk = byId('desk', HTMLElement)

/** Ends what one sign-in began; nothing is signed in where there is none. @type {((why?: Failure) => void) | undefined} */
let signOut

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const key = field.value.trim()
  // What is no header value would fail like a broken connection.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    showFailure(
      signInProblem,
      new Failure(key === '' ? 'The key is missing.' : 'That is no key.', 'Paste the whole key, and nothing else.', ''),
    )
    return field.focus()
  }
  showFailure(signInProblem, undefined)
  const client = new Client(key)
  try {
    await client.signIn()
    if (signOut) return client.close()
    field.value = ''
    begin(client)
  } catch (error) {
    client.close()
    if (error instanceof Failure) showFailure(signInProblem, error, 'Not signed in. ')
    field.focus()
  }
})

/** @param {Client} client whose person is known */
function begin(client) {
  const end = new AbortController()
  const { signal } = end
  let openId = ''

  const list = createList(client, { open, failed: endsAll })
  const decision = createDecision(client, { done, failed: notDecided })

  /** A key that ended, ends everything. @param {Failure} failure @returns {boolean} */
  function endsAll(failure) {
    if (failure.code !== 'unauthenticated') return false
    signOut?.(failure)
    return true
  }

  /**
   * @param {Approval} approval
   * @param {Approval} [known] how it stands now, where that is known; else it is read
   * @returns {Promise<boolean>} whether it is shown
   */
  async function show(approval, known) {
    const wanted = approval.id
    const before = openId
    openId = wanted
    try {
      const [fresh, asker] = await Promise.all([
        known ?? client.get(`approvals/${encodeURIComponent(wanted)}`),
        client.person(approval.requestedBy.userId),
      ])
      const decider = fresh.decidedBy ? await client.person(fresh.decidedBy) : undefined
      if (client.closed || openId !== wanted) return false
      list.update(fresh)
      list.mark(wanted)
      desk.classList.add('open')
      const heading = showDetail(
        client,
        fresh,
        { asker, decider },
        { close, decide: (what) => decision.ask(fresh, what) },
      )
      heading.focus()
      heading.scrollIntoView({ block: 'nearest' })
      return true
    } catch (error) {
      if (client.closed || !(error instanceof Failure) || endsAll(error)) return false
      if (openId === wanted) openId = before
      list.notOpened(error, words(approval.operationId))
      return false
    }
  }

  /** @param {Approval} approval */
  function open(approval) {
    void show(approval)
  }

  function close() {
    if (openId === '') return
    const closed = openId
    openId = ''
    hideDetail()
    list.focus(closed)
    list.mark('')
  }

  /** @param {Approval} approval */
  async function done(approval) {
    const name = plain(words(approval.operationId))
    // The dialog may have been left, and another request opened, before the answer came.
    if (openId === approval.id) await show(approval, approval)
    else list.update(approval)
    announce(
      approval.status === 'approved'
        ? `Approved: ${name}. It can now be carried out, once.`
        : `${STATUSES[approval.status]}: ${name}.`,
    )
    void list.refresh({ aloud: false })
  }

  /** @param {Failure} failure @param {Approval} approval @returns {boolean} */
  function notDecided(failure, approval) {
    if (endsAll(failure)) return true
    if (failure.code !== 'approval-not-pending') return false
    if (openId !== approval.id) return false
    void show(approval).then((shown) => {
      if (shown)
        notice(`You did not decide on this. ${failure.message} Somebody else decided meanwhile, or the time was up.`)
      void list.refresh({ aloud: false })
    })
    return true
  }

  const poll = setInterval(() => {
    if (!document.hidden) void list.refresh({ aloud: false })
  }, POLL_MS)

  signOut = (why) => {
    signOut = undefined
    client.close()
    end.abort()
    clearInterval(poll)
    decision.close()
    list.mark('')
    list.clear()
    hideDetail()
    showPerson(undefined)
    document.title = 'Approvals – Handrail'
    showFailure(signInProblem, why, 'You are signed out. ')
    field.focus()
  }

  byId('sign-out', HTMLElement).addEventListener('click', () => signOut?.(), { signal })
  byId('refresh', HTMLElement).addEventListener('click', () => void list.refresh({ aloud: true }), { signal })
  byId('more', HTMLElement).addEventListener('click', () => void list.more(), { signal })
  byId('status', HTMLElement).addEventListener('change', () => void list.filter(), { signal })
  document.addEventListener('visibilitychange', () => !document.hidden && void list.refresh({ aloud: false }), {
    signal,
  })
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !decision.isOpen) close()
    },
    { signal },
  )

  byId('status', HTMLSelectElement).value = 'pending'
  showPerson(client)
  byId('list-heading', HTMLElement).focus()
  void list.filter()
}

function hideDetail() {
  detail.hidden = true
  detail.replaceChildren()
  desk.classList.remove('open')
}

/** @param {Client | undefined} client nothing where nobody is signed in */
function showPerson(client) {
  byId('sign-in', HTMLElement).hidden = client !== undefined
  desk.hidden = client === undefined
  byId('who', HTMLElement).hidden = client === undefined
  const notices = byId('notices', HTMLElement)
  notices.replaceChildren()
  if (!client) return byId('who-text', HTMLElement).replaceChildren()
  const { kind, agentId, role, userId } = client.me
  const person = client.myself ? foreign(client.myself.fullName, 'self') : foreign(userId, 'id')
  byId('who-text', HTMLElement).replaceChildren(
    'Signed in as ',
    ...(kind === 'agent' ? ['the agent ', foreign(agentId ?? '', 'self'), ', acting for '] : []),
    person,
    ` (${role})`,
  )
  if (kind === 'agent') {
    notices.append(
      el(
        'p',
        { class: 'notice' },
        'This is the key of an agent. Only people decide: here you can look, but not approve or deny.',
      ),
    )
  }
}

// A page that is left may be kept and shown again, key and all.
addEventListener('pagehide', () => signOut?.())
