/**
 * Makes an element. Children are nodes or text, never markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | EventListener>} attributes names that start with `on` get listeners
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

/**
 * @template {HTMLElement} T
 * @param {string} id of an element of index.html
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`The page has no #${id}.`)
  return element
}

/**
 * Shows what went wrong, next to where it happened.
 * @param {HTMLElement} place
 * @param {import('./client.js').Failure | undefined} failure nothing clears the place
 * @param {string} [prefix] what was tried
 */
export function showFailure(place, failure, prefix = '') {
  if (!failure) return place.replaceChildren()
  const { message, hint, details } = failure
  place.replaceChildren(
    el(
      'div',
      { class: 'problem' },
      el('p', {}, el('strong', {}, `${prefix}${message}`), ` ${hint}`),
      ...(details.length > 0 ? [el('ul', {}, ...details.map((each) => el('li', {}, each)))] : []),
    ),
  )
}

/** Says something to whoever cannot see it change. @param {string} text */
export function announce(text) {
  const announcer = byId('announcer', HTMLElement)
  announcer.textContent = ''
  // The same words twice are only heard twice if they were gone in between.
  setTimeout(() => {
    announcer.textContent = text
  }, 50)
}
