import { Failure } from './client.js'
import { byId, el, showFailure } from './dom.js'
import { whoAsked } from './list.js'
import { foreign, plain, shorten, words } from './text.js'

/** @import { Approval, Client } from './client.js' */

const LONGEST_NOTE = 500

const WORDS = {
  approve: {
    ask: 'Approve',
    does: 'may then do exactly this, once:',
    note: 'Note (optional)',
    busy: 'Approving …',
    button: 'primary',
  },
  deny: {
    ask: 'Deny',
    does: 'may then not do this:',
    note: 'Why? The one who asked reads this.',
    busy: 'Denying …',
    button: 'danger',
  },
}

/**
 * The step between a button and its act: it names the act, takes a note, and sends the decision.
 * @param {Client} client
 * @param {{ done: (approval: Approval) => void, failed: (failure: Failure, approval: Approval) => boolean }} on
 *   failed: tells whether the page as a whole has seen to it
 */
export function createDecision(client, on) {
  const dialog = byId('decision', HTMLDialogElement)
  /** What was sent last: the same decision keeps its key, also when the dialog was closed in between. */
  let sent = { text: '', key: '' }

  /** @param {string} path @param {object} body */
  function keyOf(path, body) {
    const text = JSON.stringify([path, body])
    if (sent.text !== text) sent = { text, key: randomId() }
    return sent.key
  }

  /**
   * @param {Approval} approval
   * @param {'approve' | 'deny'} decision
   */
  function ask(approval, decision) {
    const { ask, does, note: label, busy, button } = WORDS[decision]
    const name = words(approval.operationId)
    const act = `${ask}: ${plain(shorten(name, 60))}`
    const note = el('textarea', { id: 'note', rows: '3', maxlength: String(LONGEST_NOTE), autocomplete: 'off' })
    const problem = el('div', { role: 'alert', id: 'decision-problem' })
    const confirm = el('button', { type: 'submit', class: button }, act)
    if (decision === 'deny') note.required = true
    let underWay = false

    /** @param {Event} event */
    async function submit(event) {
      event.preventDefault()
      if (underWay) return
      const text = note.value.trim()
      if (decision === 'deny' && text === '') {
        note.setAttribute('aria-invalid', 'true')
        showFailure(problem, new Failure('A word is missing.', 'Say why, for the one who asked.', 'note-missing'))
        return note.focus()
      }
      note.removeAttribute('aria-invalid')
      showFailure(problem, undefined)
      const path = `approvals/${encodeURIComponent(approval.id)}/${decision}`
      const body = text === '' ? {} : { note: text }
      underWay = true
      // Not disabled: that would take the focus away.
      confirm.setAttribute('aria-disabled', 'true')
      confirm.textContent = busy
      try {
        const decided = await client.post(path, body, keyOf(path, body))
        if (client.closed) return
        dialog.close()
        on.done(decided)
      } catch (error) {
        if (client.closed || !(error instanceof Failure)) return
        if (on.failed(error, approval)) dialog.close()
        else showFailure(problem, error, 'Not decided. ')
      } finally {
        underWay = false
        confirm.removeAttribute('aria-disabled')
        confirm.textContent = act
      }
    }

    dialog.replaceChildren(
      el('h2', { id: 'decision-heading' }, `${ask} “${plain(shorten(name, 60))}”?`),
      el(
        'p',
        {},
        // As a sentence starts.
        ...capital(whoAsked(approval.requestedBy)),
        ` ${does} `,
        foreign(approval.operationId, 'code'),
        ' on ',
        foreign(approval.resource.type),
        ' ',
        foreign(shorten(approval.resource.id, 80), 'id'),
        '.',
      ),
      el(
        'form',
        { novalidate: '', onsubmit: submit },
        el('label', { for: 'note' }, label),
        note,
        problem,
        el(
          'div',
          { class: 'bar' },
          confirm,
          el('button', { type: 'button', onclick: () => dialog.close() }, 'Go back'),
        ),
      ),
    )
    dialog.showModal()
  }

  return {
    ask,
    get isOpen() {
      return dialog.open
    },
    close() {
      dialog.close()
      dialog.replaceChildren()
    },
  }
}

/** @param {(Node | string)[]} parts @returns {(Node | string)[]} */
const capital = ([first, ...rest]) =>
  typeof first === 'string'
    ? [first.charAt(0).toUpperCase() + first.slice(1), ...rest]
    : [...(first ? [first] : []), ...rest]

/** @returns {string} a random UUID; browsers have no randomUUID where a page comes neither over https nor from here */
function randomId() {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))]
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-4$3-8$4-')
}
