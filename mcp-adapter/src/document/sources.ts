import { type FileHandle, open, realpath } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { ConfigError, messageOf } from '../errors.ts'
import type { Json } from '../json.ts'
import { createDownloader, type Downloader, isLoopback } from './download.ts'
import { MAX_DOCUMENT_BYTES, parseFile } from './parse.ts'

const MAX_FILES = 1000

export interface SourceOptions {
  /** The file that names the document: relative paths start in its folder. */
  from: string
  /** Folders (relative to `from`) and URL origins that `$ref`s may lead to, beside the document's own folder. */
  references?: string[]
  /** Whether URLs may lead to loopback and private addresses. */
  privateAddresses?: boolean
}

/** Reads the files of one document. A place is an absolute path, or the href of an http(s) URL. */
export interface Sources {
  /** The document's own place, after redirects. */
  main: string
  document: Json
  /** The place that a reference (without its fragment) leads to, read from `base`. Throws ConfigError: not allowed. */
  locate(reference: string, base: string): Promise<string>
  /** Each file is read once. Throws ConfigError: cannot be read, or too large together with the others. */
  read(place: string): Promise<Json>
  /** All files that were read so far, the main one first. */
  places(): string[]
  close(): Promise<void>
}

export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text)

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new ConfigError(`${text} is not a URL`)
  const url = new URL(text)
  if (url.username !== '' || url.password !== '')
    throw new ConfigError(`The URL of a document must not hold a credential: ${url.origin}${url.pathname}`)
  url.hash = ''
  return url
}

const isWithin = (path: string, folder: string) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

async function readAll(file: FileHandle, left: number): Promise<Uint8Array> {
  const stats = await file.stat()
  if (!stats.isFile()) throw new Error('it is not a file')
  if (stats.size > left)
    throw new Error(`it is larger than ${MAX_DOCUMENT_BYTES} bytes, with the files that belong to it`)
  return file.readFile()
}

/** Where `$ref`s may lead. */
interface Fence {
  /** The folder of a document from a URL. */
  url?: URL
  /** Real paths. */
  folders: string[]
  origins: Set<string>
}

async function locateUrl(url: URL, { url: own, origins }: Fence): Promise<string> {
  // A server may read these as "/", and then the folder is not the one that was checked.
  const isPlain = !/%2f|%5c|\\/i.test(url.pathname)
  const isNear = own !== undefined && url.origin === own.origin && url.pathname.startsWith(own.pathname) && isPlain
  if (isNear || origins.has(url.origin)) return url.href
  throw new ConfigError(
    `The reference to ${url.href} leads out of the document's folder; "references" does not list ${url.origin}`,
  )
}

async function locateFile(path: string, { folders }: Fence): Promise<string> {
  let real: string
  try {
    // Links are followed before the folder is checked.
    real = await realpath(path)
  } catch (error) {
    const isNear = folders.some((folder) => isWithin(path, folder))
    // What is outside is not even said to be missing.
    if (isNear) throw new ConfigError(`Cannot read ${path}: ${messageOf(error)}`)
    real = path
  }
  if (folders.some((folder) => isWithin(real, folder))) return real
  throw new ConfigError(
    `The reference to ${path} leads out of the document's folder; "references" does not list its folder`,
  )
}

function locateIn(fence: Fence, reference: string, base: string): Promise<string> {
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(reference)?.[1]?.toLowerCase()
  if (scheme !== undefined && !isUrl(reference))
    throw new ConfigError(`References to ${scheme}: are never followed: ${reference}`)
  if (scheme !== undefined) return locateUrl(parseUrl(reference), fence)
  if (isUrl(base)) return locateUrl(parseUrl(new URL(reference, base).href), fence)
  let path = reference
  try {
    path = decodeURIComponent(reference)
  } catch {
    // A name with a bare "%": it stands for itself.
  }
  return locateFile(resolve(dirname(base), path), fence)
}

async function fenceOf(main: string, { from, references = [] }: SourceOptions): Promise<Fence> {
  const base = dirname(from)
  const folders = references.filter((entry) => !isUrl(entry)).map((entry) => resolve(base, entry))
  const origins = new Set(references.filter(isUrl).map((entry) => parseUrl(entry).origin))
  const isRemote = isUrl(main)
  const all = isRemote ? [] : [dirname(main), ...folders]
  const real = all.map((folder) => realpath(folder).catch(() => folder))
  return { ...(isRemote && { url: new URL('./', main) }), folders: await Promise.all(real), origins }
}

/**
 * Reads a document's own file and makes ready to read those that it refers to. A URL with a loopback host that the
 * operator wrote as the document itself may be asked; every other private address needs `privateAddresses`.
 */
export async function openSources(source: string, options: SourceOptions): Promise<Sources> {
  const own = isUrl(source) ? parseUrl(source) : undefined
  const downloader: Downloader = createDownloader({
    privateAddresses: options.privateAddresses === true,
    ...(own && isLoopback(own) && { trusted: own.origin }),
  })
  let left = MAX_DOCUMENT_BYTES

  const load = async (place: string): Promise<{ value: Json; place: string }> => {
    let bytes: Uint8Array
    let found = place
    try {
      if (isUrl(place)) {
        const got = await downloader.get(new URL(place))
        bytes = got.bytes
        found = got.url.href
      } else {
        const file = await open(place)
        bytes = await readAll(file, left).finally(() => file.close())
      }
    } catch (error) {
      throw new ConfigError(`Cannot read the OpenAPI document ${place}: ${messageOf(error)}`)
    }
    left -= bytes.length
    if (left < 0)
      throw new ConfigError(
        `${place}: the document is larger than ${MAX_DOCUMENT_BYTES} bytes, with the files that belong to it`,
      )
    return { value: await parseFile(bytes, place), place: found }
  }

  try {
    const named = own?.href ?? resolve(dirname(options.from), source)
    const { value, place } = await load(named)
    const main = isUrl(place) ? place : await realpath(place)
    const fence = await fenceOf(main, options)
    const files = new Map<string, Promise<Json>>([[main, Promise.resolve(value)]])
    return {
      main,
      document: value,
      locate: (reference, base) => locateIn(fence, reference, base),
      read(at) {
        const known = files.get(at)
        if (known) return known
        if (files.size >= MAX_FILES)
          return Promise.reject(new ConfigError(`The document has more than ${MAX_FILES} files`))
        const reading = load(at).then((file) => file.value)
        files.set(at, reading)
        return reading
      },
      places: () => [...files.keys()],
      close: () => downloader.close(),
    }
  } catch (error) {
    await downloader.close()
    throw error
  }
}
