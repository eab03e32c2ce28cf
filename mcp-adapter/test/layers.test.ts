import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const SOURCES = fileURLToPath(new URL('../src', import.meta.url))

/** The folders of `src`, each built on those before it. Files beside them are for all, and built on none. */
const LAYERS = [
  'checks',
  'document',
  'curation',
  'overlays',
  'results',
  'auth',
  'tools',
  'profiles',
  'lint',
  'lock',
  'starter',
  'backend',
  'calls',
  'usage',
  'serve',
  'commands',
]

const files = (readdirSync(SOURCES, { recursive: true }) as string[]).filter((name) => name.endsWith('.ts'))
const IMPORT = /^\s*(?:import|export)\s+(type\s+)?([^'"]*?)\s+from\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm
const onlyTypes = (names: string) => /^\{(\s*type \w+,?)+\s*\}$/.test(names)

/** The files that a file needs when it runs; where only types are taken, nothing is needed. */
function needs(file: string): string[] {
  const text = readFileSync(join(SOURCES, file), 'utf8')
  return [...text.matchAll(IMPORT)]
    .filter(([, type, names]) => type === undefined && !(names !== undefined && onlyTypes(names)))
    .map(([, , , fixed, dynamic]) => relative('.', join(dirname(file), (fixed ?? dynamic) as string)))
}

/** 0 for the files beside the folders; unknown folders come after everything. */
const layerOf = (file: string) => (file.includes('/') ? LAYERS.indexOf(file.split('/')[0] as string) + 1 || 99 : 0)

t.test('each folder is built on the ones before it', async (t) => {
  const broken = files
    .filter((file) => file !== 'index.ts')
    .flatMap((file) =>
      needs(file)
        .filter((needed) => layerOf(needed) > layerOf(file))
        .map((needed) => `${file} needs ${needed}`),
    )
  t.same(broken, [])
  t.same([...new Set(files.filter((file) => layerOf(file) === 99).map(dirname))], [], 'every folder has its place')
  t.ok(needs('serve/adapter.ts').includes('tools/catalog.ts'), 'the check sees what it should')
})

t.test('no files need each other', async (t) => {
  const done = new Set<string>()
  const cycles: string[] = []
  function visit(file: string, above: string[]) {
    if (above.includes(file)) cycles.push([...above.slice(above.indexOf(file)), file].join(' > '))
    if (done.has(file)) return
    done.add(file)
    for (const needed of needs(file)) visit(needed, [...above, file])
  }
  for (const file of files) visit(file, [])
  t.same(cycles, [])
})
