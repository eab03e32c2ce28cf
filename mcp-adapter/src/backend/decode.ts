import { promisify } from 'node:util'
import { brotliDecompress, constants, gunzip, inflate } from 'node:zlib'

/** Most codings that are undone one after the other: more is no compression. */
const MOST_CODINGS = 2

const partly = { finishFlush: constants.Z_SYNC_FLUSH }
const DECODERS: Record<string, (data: Buffer, maxOutputLength: number) => Promise<Buffer>> = {
  gzip: (data, maxOutputLength) => promisify(gunzip)(data, { ...partly, maxOutputLength }),
  deflate: (data, maxOutputLength) => promisify(inflate)(data, { ...partly, maxOutputLength }),
  br: (data, maxOutputLength) =>
    promisify(brotliDecompress)(data, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength }),
}
DECODERS['x-gzip'] = DECODERS.gzip as (typeof DECODERS)[string]

/** A body that is larger than allowed once it is unpacked. */
export class TooLarge extends Error {
  override name = 'TooLarge'
}

/**
 * Undoes Content-Encoding (RFC 9110, section 8.4). We ask for none, but some servers compress all the same. A body that
 * was cut gives what is in it. Throws TooLarge, and an Error for a coding that is unknown or data that is not of it.
 */
export async function decode(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const codings = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > MOST_CODINGS) throw new Error('too many content codings')
  let data = body
  for (const coding of codings.reverse()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined
    if (!decoder) throw new Error('unknown content coding')
    try {
      if (data.length > 0) data = await decoder(data, maxBytes)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw new TooLarge()
      throw error
    }
  }
  return data
}
