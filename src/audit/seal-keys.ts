import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivate } from '../identity/secrets.ts'

/** The public part of a key that signs seals. */
export interface PublicKey {
  /** The fingerprint: SHA-256 over the 32 bytes of the public part, hexadecimal. */
  keyId: string
  /** Those bytes, base64url: the `x` of a JWK (RFC 8037). */
  publicKey: string
}

export const fingerprintOf = (publicKey: string) =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex')

const fileOf = (folder: string, keyId: string) => join(folder, `${keyId}.pem`)

/** Makes a key; its private part is written to the folder, readable by its owner alone. */
export function makeKey(folder: string): PublicKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const x = publicKey.export({ format: 'jwk' }).x as string
  const keyId = fingerprintOf(x)
  writePrivate(fileOf(folder, keyId), privateKey.export({ format: 'pem', type: 'pkcs8' }) as string)
  return { keyId, publicKey: x }
}

export const holdsKey = (folder: string, keyId: string) => existsSync(fileOf(folder, keyId))

/** Removes the private part of a key: nobody can sign with it any more. What it signed can be verified all the same. */
export const endKey = (folder: string, keyId: string) => rmSync(fileOf(folder, keyId), { force: true })

/** Signs a text. @throws Error when the folder does not hold the key */
export function signWith(folder: string, keyId: string, text: string): PublicKey & { signature: string } {
  const key = createPrivateKey(readFileSync(fileOf(folder, keyId)))
  const publicKey = createPublicKey(key).export({ format: 'jwk' }).x as string
  return { keyId, publicKey, signature: sign(null, Buffer.from(text), key).toString('base64url') }
}

/** The public part of a key whose private part the folder holds. */
export function publicPart(folder: string, keyId: string): PublicKey {
  const { publicKey } = signWith(folder, keyId, '')
  return { keyId, publicKey }
}

/** @returns whether the key made the signature, and is the one that it is called */
export function isSignedBy({ keyId, publicKey }: PublicKey, text: string, signature: string): boolean {
  if (fingerprintOf(publicKey) !== keyId) return false
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' })
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}
