import { el } from './dom.js'

/**
 * What cannot be seen, or changes how its neighbours are seen: control and format characters, bidi marks, spaces other
 * than the common one, unassigned ones, and a fourth accent on top of three. Agents write the texts shown here.
 */
const HIDDEN = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]|(?<=\p{M}{3})\p{M}/gu

/** @type {Record<string, string>} */
const SHORT = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** @param {string} char @returns {string} such as \u202E */
function escapeOf(char) {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase()
  return SHORT[char] ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`)
}

/** @param {string} text @returns {string} the text with escapes for what cannot be seen, for names and announcements */
export const plain = (text) => text.replace(HIDDEN, escapeOf)

/**
 * The text with escapes that look unlike text, so that a written-out \u202E is not taken for one.
 * @param {string} text
 * @param {{ lines?: boolean }} [options] lines: whether line breaks also break the line
 * @returns {(Node | string)[]}
 */
export function visible(text, { lines = false } = {}) {
  /** @type {(Node | string)[]} */
  const parts = []
  let end = 0
  for (const match of text.matchAll(HIDDEN)) {
    const [char] = match
    parts.push(text.slice(end, match.index), el('span', { class: 'escape' }, escapeOf(char)))
    if (lines && char === '\n') parts.push(el('br', {}))
    end = match.index + char.length
  }
  return [...parts, text.slice(end)]
}

/**
 * A foreign text that can neither reorder what stands beside it nor run out of its place.
 * @param {string} text
 * @param {string} [className]
 */
export const foreign = (text, className = '') => el('bdi', { class: `foreign ${className}` }, ...visible(text))

/** @param {string} text @param {number} most @returns {string} */
export function shorten(text, most) {
  const chars = [...text]
  return chars.length > most ? `${chars.slice(0, most).join('')}…` : text
}

/** @param {string} name such as refundOrder or large-refunds-need-approval @returns {string} Refund order, ... */
export function words(name) {
  const text = /^[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*$/.test(name)
    ? name
        .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
        .replace(/[-_]/g, ' ')
        .toLowerCase()
    : name
  return text.charAt(0).toUpperCase() + text.slice(1)
}

// The page speaks English; a date in another language in the middle of it would be read aloud wrongly.
const MOMENT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
})
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const DISTANCE = new Intl.RelativeTimeFormat('en', { numeric: 'always' })
/** @type {[number, Intl.RelativeTimeFormatUnit][]} */
const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
]

/** @param {Date} date @returns {string} */
export const clock = (date) => CLOCK.format(date)

/** @param {string} iso @param {number} [now] @returns {string} in 3 hours, 5 minutes ago */
export function distance(iso, now = Date.now()) {
  const ms = Date.parse(iso) - now
  if (Math.abs(ms) < 60_000) return ms < 0 ? 'just now' : 'in less than a minute'
  const [size, unit] = UNITS.find(([size]) => Math.abs(ms) >= size) ?? [60_000, 'minute']
  return DISTANCE.format(Math.trunc(ms / size), unit)
}

/** @param {string} iso @returns {HTMLElement} the local time; UTC in its attributes */
export const moment = (iso) => el('time', { datetime: iso, title: `${iso} (UTC)` }, MOMENT.format(new Date(iso)))

/** @param {string} iso @returns {HTMLElement} how far away it is; the rest in its attributes */
export const farness = (iso) => el('time', { datetime: iso, title: MOMENT.format(new Date(iso)) }, distance(iso))

/**
 * @param {unknown} value
 * @returns {value is { amount: number, currency: string }}
 */
export function isMoney(value) {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return false
  const { amount, currency } = /** @type {Record<string, unknown>} */ (value)
  return Number.isSafeInteger(amount) && typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)
}

/** @param {{ amount: number, currency: string }} money in minor units @returns {string} 249.90 EUR */
export function money({ amount, currency }) {
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions()
  const major = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${major.format(amount / 10 ** digits)} ${currency}`
}
