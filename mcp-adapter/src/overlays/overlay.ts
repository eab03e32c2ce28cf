import { dirname, resolve } from 'node:path'
import { compile } from '../checks/validation.ts'
import { explain } from '../curation/explain.ts'
import type { BackendSection } from '../curation/read.ts'
import { type Report, readYamlFile } from '../curation/yaml-file.ts'
import { ConfigError, messageOf } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { missing, type Place, select, singularSteps } from './jsonpath.ts'
import { copyOf, merge } from './merge.ts'
import { overlaySchema } from './schema.ts'

interface Action {
  target: string
  update?: Json
  copy?: string
  remove?: boolean
}

function removeAll(places: Place[]): void {
  const indexes = new Map<Json[], Set<number>>()
  for (const { path, parent } of places) {
    const step = path.at(-1) as string | number
    if (Array.isArray(parent)) indexes.set(parent, (indexes.get(parent) ?? new Set()).add(Number(step)))
    else if (parent) delete parent[step]
  }
  for (const [list, gone] of indexes) list.splice(0, list.length, ...list.filter((_, i) => !gone.has(i)))
}

const isPrimitive = (value: Json) => typeof value !== 'object' || value === null

/** Puts `change` into every place. Throws ConfigError where it does not fit. */
function updateAll(places: Place[], change: Json): void {
  const kinds = new Set(
    places.map(({ value }) => (Array.isArray(value) ? 'array' : isPrimitive(value) ? 'primitive' : 'object')),
  )
  if (kinds.size > 1)
    throw new ConfigError(`The target selects ${[...kinds].join('s and ')}s: they cannot be changed by one action.`)
  for (const { path, value, parent } of places) {
    if (isPrimitive(value)) {
      if (!isPrimitive(change))
        throw new ConfigError('The target is a primitive value: only another one can replace it.')
      if (parent) (parent as JsonObject)[path.at(-1) as string] = change
    } else merge(value as JsonObject | Json[], change)
  }
}

function act(root: Json, action: Action, report: Report): void {
  const places = select(root, action.target)
  if (places.length === 0) {
    const steps = singularSteps(action.target)
    if (steps) report(['target'], missing(root, steps))
    return
  }
  if (action.remove === true) {
    if (places.some(({ parent }) => parent === undefined)) report(['target'], 'The whole document cannot be removed.')
    else removeAll(places)
  } else if (action.copy !== undefined) {
    const sources = select(root, action.copy)
    const [source] = sources
    if (source && sources.length === 1) updateAll(places, source.value)
    else report(['copy'], `It must select one node; it selects ${sources.length}.`)
  } else if (action.update !== undefined) updateAll(places, action.update)
}

/** Whether an overlay was written for the document that it is used with. */
function isFor(extended: string, overlayFile: string, source: string): boolean {
  if (URL.canParse(extended))
    return extended === source || new URL(extended).pathname.split('/').at(-1) === source.split(/[\\/]/).at(-1)
  return resolve(overlayFile, '..', extended) === source
}

const check = compile(overlaySchema, { isOurs: true })

/**
 * Applies an OpenAPI Overlay (1.0 or 1.1) to a parsed document and gives a changed copy. `report` is told what is wrong,
 * with its path in the overlay. Actions work one after the other. A target that names one place and finds nothing is
 * reported, because the document has changed under the overlay; one that searches (a wildcard, a filter) may find nothing.
 */
export function applyOverlay(parsed: Json, overlay: Json, report: Report): Json {
  const root = copyOf(parsed)
  for (const { path, message } of explain(check(overlay))) {
    report(
      path.map((step) => (/^\d+$/.test(String(step)) ? Number(step) : step)),
      message,
    )
  }
  const actions = isObject(overlay) && Array.isArray(overlay.actions) ? overlay.actions : []
  for (const [index, action] of actions.entries()) {
    if (!isObject(action) || typeof action.target !== 'string') continue
    const path = ['actions', index]
    try {
      act(root, action as unknown as Action, (steps, message) => report([...path, ...steps], message))
    } catch (error) {
      report([...path, error instanceof ConfigError ? 'update' : 'target'], messageOf(error))
    }
  }
  return root
}

/**
 * Applies overlay files, in their order, to the document that was read from `source` (an absolute path or a URL). They
 * are written by whoever writes the curation file, and trusted as it is. Throws ConfigError with every finding as
 * `file:line:column: message`.
 */
export function applyOverlays(parsed: Json, files: string[], source: string): Json {
  return files.reduce((document, name) => {
    const file = readYamlFile(name, 'overlay')
    const { value } = file
    if (isObject(value) && typeof value.extends === 'string' && !isFor(value.extends, name, source))
      file.report(['extends'], `It is for another document: ${value.extends}`)
    file.check()
    const changed = applyOverlay(document, value, file.report)
    file.check()
    return changed
  }, parsed)
}

/** What a backend's overlays do to its document; undefined when it has none. All files are relative to `configFile`. */
export function overlayTransform(
  { openapi, overlays = [] }: Pick<BackendSection, 'openapi' | 'overlays'>,
  configFile: string,
): ((parsed: JsonObject) => JsonObject) | undefined {
  if (overlays.length === 0) return undefined
  const folder = dirname(resolve(configFile))
  const source = URL.canParse(openapi) ? openapi : resolve(folder, openapi)
  const files = overlays.map((name) => resolve(folder, name))
  return (parsed) => applyOverlays(parsed, files, source) as JsonObject
}
