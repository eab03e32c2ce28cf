import { change, parameters } from './change.js'
import { byId, el } from './dom.js'
import { whoAsked } from './list.js'
import { distance, foreign, moment, visible, words } from './text.js'

/** @import { Approval, Client, Person } from './client.js' */

/** @type {Record<Approval['status'], string>} */
const STANDS = {
  pending: 'Pending: waits for a decision',
  approved: 'Approved: can be carried out once, until it expires',
  denied: 'Denied',
  cancelled: 'Withdrawn by the one who asked',
  expired: 'Expired before it was decided on or used',
  used: 'Carried out',
}

/** @param {string} term @param {...(Node | string)} what */
const fact = (term, ...what) => el('div', {}, el('dt', {}, term), el('dd', {}, ...what))

/** @param {string} id @param {Person | undefined} person @returns {(Node | string)[]} the name where it is known */
const personOf = (id, person) =>
  person
    ? person.fullName === person.username
      ? [foreign(person.username), ` (${person.role}) `, foreign(id, 'id')]
      : [foreign(person.fullName), ' (', foreign(person.username), `, ${person.role}) `, foreign(id, 'id')]
    : [foreign(id, 'id')]

/** @param {string} iso @returns {(Node | string)[]} */
const when = (iso) => [moment(iso), ` (${distance(iso)})`]

/**
 * Why the person at the page cannot decide, if so. The service decides; this only saves a futile attempt.
 * @param {Client} client
 * @param {Approval} approval
 * @returns {string | undefined}
 */
function hindrance(client, { requestedBy }) {
  const { me } = client
  if (me.kind === 'agent')
    return 'You are signed in with the key of an agent. Only people decide: sign in with a key of your own.'
  if (requestedBy.userId === me.userId)
    return requestedBy.agentId === null
      ? 'You asked for this yourself. Nobody decides on their own request: another manager or administrator has to.'
      : 'This was asked for in your name. Nobody decides on their own request: another manager or administrator has to.'
  if (!client.may('approval:approve') && !client.may('approval:deny'))
    return `Your key (role ${me.role}) does not allow you to decide. Managers and administrators do.`
  return undefined
}

/**
 * Shows one request: who, what, why, the exact change, and the decision.
 * @param {Client} client
 * @param {Approval} approval
 * @param {{ asker: Person | undefined, decider: Person | undefined }} people
 * @param {{ close: () => void, decide: (decision: 'approve' | 'deny') => void }} on
 */
export function showDetail(client, approval, people, on) {
  const { status, operationId, risk, reasons, requestedBy, resource, request, effect } = approval
  const detail = byId('detail', HTMLElement)
  const open = status === 'pending' || status === 'approved'
  const heading = el('h2', { id: 'detail-heading', tabindex: '-1' }, ...visible(words(operationId)))
  detail.replaceChildren(
    el(
      'div',
      { class: 'head' },
      heading,
      el(
        'button',
        { type: 'button', class: 'close', onclick: on.close },
        'Close',
        el('span', { class: 'unseen' }, ' the request'),
      ),
    ),
    el('p', { class: `status ${status}` }, STANDS[status]),
    el(
      'dl',
      { class: 'facts' },
      fact(
        'Asked by',
        ...whoAsked(requestedBy, Number.POSITIVE_INFINITY),
        ...(requestedBy.agentId === null ? [': '] : [', acting for ']),
        ...personOf(requestedBy.userId, people.asker),
      ),
      fact('Operation', foreign(operationId, 'code')),
      fact('On', foreign(resource.type), ' ', foreign(resource.id, 'id')),
      fact('Risk', el('span', { class: `risk ${risk}` }, words(risk))),
      fact('Asked', ...when(approval.createdAt)),
      fact(open ? 'Expires' : status === 'expired' ? 'Expired' : 'Would have expired', ...when(approval.expiresAt)),
      ...(approval.decidedBy ? [fact('Decided by', ...personOf(approval.decidedBy, people.decider))] : []),
      ...(approval.decidedAt ? [fact('Decided', ...when(approval.decidedAt))] : []),
      ...(approval.note === null
        ? []
        : [fact('Note', el('bdi', { class: 'foreign' }, ...visible(approval.note, { lines: true })))]),
      ...(approval.usedAt ? [fact('Carried out', ...when(approval.usedAt))] : []),
    ),
    el('h3', {}, 'Why a person is asked'),
    el('ul', { class: 'reasons' }, ...reasons.map((reason) => el('li', {}, ...visible(words(reason))))),
    el('h3', {}, 'What would change'),
    ...change(effect),
    el('h3', {}, 'What was sent'),
    parameters(request),
    ...(status === 'pending' ? [el('h3', {}, 'Decision'), decision(client, approval, on.decide)] : []),
  )
  detail.hidden = false
  return heading
}

/**
 * @param {Client} client
 * @param {Approval} approval
 * @param {(decision: 'approve' | 'deny') => void} decide
 */
function decision(client, approval, decide) {
  const why = hindrance(client, approval)
  if (why) return el('p', { class: 'notice' }, why)
  return el(
    'div',
    { class: 'bar' },
    ...(client.may('approval:approve')
      ? [el('button', { type: 'button', class: 'primary', onclick: () => decide('approve') }, 'Approve …')]
      : []),
    ...(client.may('approval:deny')
      ? [el('button', { type: 'button', class: 'danger', onclick: () => decide('deny') }, 'Deny …')]
      : []),
  )
}

/**
 * Says above the request what happened to it meanwhile.
 * @param {string} text
 */
export function notice(text) {
  const place = el('p', { class: 'notice', role: 'alert' })
  byId('detail', HTMLElement).querySelector('.status')?.after(place)
  place.textContent = text
}
