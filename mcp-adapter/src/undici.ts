import { createRequire } from 'node:module'

type Undici = typeof import('undici')

const require = createRequire(import.meta.url)
let loaded: Undici | undefined

/** undici, loaded when something is sent for the first time: a list of tools needs none of it, and it is large. */
export function undici(): Undici {
  loaded ??= require('undici') as Undici
  return loaded
}
