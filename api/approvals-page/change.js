import { compare, difference, leavesOf } from './compare.js'
import { el } from './dom.js'
import { isMoney, money, visible, words } from './text.js'

/** @import { Path, Row } from './compare.js' */

const CHANGES = { changed: '≠ changed', added: '+ added', removed: '− removed', same: '= same' }
/** Texts from this length on show where in them they differ. */
const LONG = 60

/** @param {Path} path @returns {(Node | string)[]} Timeline › 2 › reason; names that are no plain word as they are */
function nameOf(path) {
  return path.flatMap((part, index) => {
    const text =
      typeof part === 'number' ? String(part + 1) : /^[a-z][A-Za-z0-9]*$/.test(part) ? words(part) : `“${part}”`
    const name = el('bdi', {}, ...visible(index > 0 ? text.charAt(0).toLowerCase() + text.slice(1) : text))
    return index > 0 ? [' › ', name] : [name]
  })
}

/** @param {string} text @returns {HTMLElement} words of the page, told apart from those of the data */
const aside = (text) => el('em', { class: 'aside' }, text)

/** @param {unknown} value @returns {Node} */
function show(value) {
  if (value === null) return aside('nothing (null)')
  if (value === '') return aside('empty text')
  if (isMoney(value)) return el('span', {}, money(value))
  if (typeof value === 'object') return aside(Array.isArray(value) ? 'empty list' : 'empty')
  if (typeof value !== 'string') return el('span', {}, String(value))
  return el('bdi', { class: 'foreign' }, ...visible(value, { lines: true }))
}

/** @param {Row} row @returns {[Node, Node]} before and after; in long texts the part that differs is marked */
function sides({ before, after, change }) {
  const [old, now] = [before?.value, after?.value]
  if (
    change === 'changed' &&
    typeof old === 'string' &&
    typeof now === 'string' &&
    Math.max(old.length, now.length) >= LONG
  ) {
    const { start, end, ...middle } = difference(old, now)
    /** @param {'del' | 'ins'} tag @param {string} part */
    const marked = (tag, part) => [
      ...visible(start, { lines: true }),
      ...(part === '' ? [] : [el(tag, {}, ...visible(part, { lines: true }))]),
      ...visible(end, { lines: true }),
    ]
    return [
      el('bdi', { class: 'foreign' }, ...marked('del', middle.before)),
      el('bdi', { class: 'foreign' }, ...marked('ins', middle.after)),
    ]
  }
  return [before ? show(old) : aside('not there'), after ? show(now) : aside('not there')]
}

/**
 * The roles are said since narrow windows lay the table out as blocks, where browsers forget that it is one.
 * @param {string} caption
 * @param {Row[]} rows
 * @param {('Before' | 'After')[]} columns without the side on which there is nothing at all
 */
function table(caption, rows, columns) {
  const heads = ['Field', ...columns, 'Change'].map((text) => el('th', { role: 'columnheader', scope: 'col' }, text))
  return el(
    'table',
    { class: 'change', role: 'table' },
    el('caption', {}, caption),
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...heads)),
    el(
      'tbody',
      { role: 'rowgroup' },
      ...rows.map((row) => {
        const [before, after] = sides(row)
        const cells = { Before: before, After: after }
        return el(
          'tr',
          { role: 'row', class: row.change },
          el('th', { role: 'rowheader', scope: 'row' }, ...nameOf(row.path)),
          ...columns.map((side) =>
            el('td', { role: 'cell', class: side.toLowerCase(), 'data-label': side }, cells[side]),
          ),
          el('td', { role: 'cell', 'data-label': 'Change' }, CHANGES[row.change]),
        )
      }),
    ),
  )
}

/**
 * Before and after, field by field; what stays as it is is folded away.
 * @param {{ before: object | null, after: object | null }} effect
 * @returns {HTMLElement[]}
 */
export function change({ before, after }) {
  const rows = compare(before, after)
  const same = rows.filter((row) => row.change === 'same')
  const rest = rows.filter((row) => row.change !== 'same')
  const says =
    before === null && after === null
      ? 'Nothing is known of what it changes.'
      : before === null
        ? 'Something new is made. Its ids and times will be others.'
        : after === null
          ? 'Nothing is left of it afterwards.'
          : rest.length === 0
            ? 'No field changes.'
            : ''
  /** @type {('Before' | 'After')[]} */
  const columns = before === null ? ['After'] : after === null ? ['Before'] : ['Before', 'After']
  const summary = `${same.length} ${same.length === 1 ? 'field stays' : 'fields stay'} as ${same.length === 1 ? 'it is' : 'they are'}`
  return [
    ...(says ? [el('p', {}, says)] : []),
    ...(rest.length > 0 ? [table('The change, as it was tried out when it was asked for', rest, columns)] : []),
    ...(same.length > 0
      ? [el('details', {}, el('summary', {}, summary), table('What stays as it is', same, columns))]
      : []),
  ]
}

/**
 * The exact request: path, query and body.
 * @param {import('./client.js').Approval['request']} request
 * @returns {HTMLElement}
 */
export function parameters({ path, query, body }) {
  const leaves = [path, query, body ?? {}].flatMap((part) => (Object.keys(part).length === 0 ? [] : leavesOf(part)))
  if (leaves.length === 0) return el('p', {}, 'It has no parameters.')
  return el(
    'dl',
    { class: 'facts' },
    ...leaves.map(({ path, value }) => el('div', {}, el('dt', {}, ...nameOf(path)), el('dd', {}, show(value)))),
  )
}
