// The conformance suite imports `globSync` from fs, which Node has from version 22 on, and calls it only to read
// specifications of its own. This preload (`node --import`) lets Node 20 load the suite.
import fs from 'node:fs'
import { register } from 'node:module'

const shim = `export * from 'node:fs'; export { default } from 'node:fs';
export function globSync() { throw new Error('globSync needs Node 22') }`

const hooks = `const shim = ${JSON.stringify(`data:text/javascript,${encodeURIComponent(shim)}`)}
export async function resolve(specifier, context, next) {
  const fromSuite = context.parentURL?.includes('@modelcontextprotocol/conformance/')
  return specifier === 'fs' && fromSuite ? { url: shim, shortCircuit: true } : next(specifier, context)
}`

if (!('globSync' in fs)) register(`data:text/javascript,${encodeURIComponent(hooks)}`)
