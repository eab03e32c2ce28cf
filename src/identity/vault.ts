import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

/** Keeps what the database must hold but not show, and names what it must recognise but not hold. */
export interface Vault {
  /** Encrypts (AES-256-GCM). @param context has to be the same when it is opened: a value copied elsewhere stays shut */
  seal(text: string, context: string): Uint8Array<ArrayBuffer>
  /** @throws Error when the bytes were changed, belong elsewhere or were sealed with another secret */
  open(sealed: Uint8Array, context: string): string
  /** HMAC-SHA-256: names a text without telling it. @param purpose keeps digests of different uses apart */
  digest(purpose: string, text: string): Uint8Array<ArrayBuffer>
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** @param secret lives outside the database; the keys are derived from it (HKDF, RFC 5869) */
export function createVault(secret: string): Vault {
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', secret, 'handrail', use, 32))
  const encryption = derive('vault')
  const digests = new Map<string, Buffer>()
  const keyOf = (purpose: string) => {
    const key = digests.get(purpose) ?? derive(`digest ${purpose}`)
    digests.set(purpose, key)
    return key
  }
  return {
    seal(text, context) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', encryption, iv).setAAD(Buffer.from(context))
      const sealed = [iv, cipher.update(text, 'utf8'), cipher.final()]
      return new Uint8Array(Buffer.concat([...sealed, cipher.getAuthTag()]))
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed)
      const decipher = createDecipheriv('aes-256-gcm', encryption, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES))
      return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    },
    digest: (purpose, text) => new Uint8Array(createHmac('sha256', keyOf(purpose)).update(text).digest()),
  }
}
