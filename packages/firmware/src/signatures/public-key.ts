import { createPublicKey, type KeyObject } from 'node:crypto'
import { admitKey, inOneSpelling, type KeyRefusal } from './admit-key.ts'
import type { KeyFamily } from './algorithms.ts'
import type { Certificate } from '../cms/certificate.ts'
import { readCertificateText } from './read-certificate.ts'
import { readMinisignKey } from './read-minisign-key.ts'

export interface PublicKey {
  readonly key: KeyObject
  /** First 16 hexadecimal digits of SHA-256 over the SubjectPublicKeyInfo in DER: one key has one id, however it was written down. */
  readonly keyId: string
  readonly family: KeyFamily
  /** The canonical text: SPKI in PEM, or the certificate. */
  readonly pem: string
  /** By which signatures of minisign, signify and usign name it: 16 hexadecimal digits. Absent: it was given without. */
  readonly keyNumber?: string
  /** It was given as a certificate: an anchor, up to which certificates of CMS signers may lead. */
  readonly certificate?: Certificate
}

export type PublicKeyRefusal = 'key_malformed' | 'key_private' | KeyRefusal

export type ReadPublicKey =
  | { readonly kind: 'read'; readonly publicKey: PublicKey }
  | { readonly kind: 'refused'; readonly code: PublicKeyRefusal; readonly detail: string }

const MAX_TEXT = 8 * 1024

/**
 * Reads a public key given as PEM (`PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`), as SPKI DER in base64, or as
 * minisign, signify and usign write it.
 */
export function readPublicKey(text: string): ReadPublicKey {
  if (text.length > MAX_TEXT) return refused('key_too_long', `a key has at most ${MAX_TEXT} characters`)
  // createPublicKey would quietly derive the public half; a private key must not have come this far at all.
  if (/PRIVATE KEY/.test(text))
    return refused('key_private', 'this is a private key: replace it, it is no longer secret')
  if (text.includes('-----BEGIN CERTIFICATE-----')) return admitCertificate(text.trim())
  const numbered = readMinisignKey(text.trim())
  if (numbered !== null) return admit(numbered.key, { keyNumber: numbered.keyNumber })
  const key = parse(text.trim())
  if (key === null)
    return refused(
      'key_malformed',
      'not one key in PEM, as SPKI in base64, or of minisign or signify, and nothing beside it',
    )
  return admit(key)
}

function parse(text: string): KeyObject | null {
  const [, label, within] = /^-----BEGIN ((?:RSA )?PUBLIC KEY)-----([^-]+)-----END \1-----$/.exec(text) ?? []
  const base64 = within ?? text
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(base64)) return null
  const der = { format: 'der', type: label === 'RSA PUBLIC KEY' ? 'pkcs1' : 'spki' } as const
  const bytes = Buffer.from(base64, 'base64')
  try {
    const key = createPublicKey({ key: bytes, ...der })
    // OpenSSL takes no notice of bytes behind a key: what it read is what it would write.
    return key.export(der).equals(bytes) ? key : null
  } catch {
    return null
  }
}

function admitCertificate(text: string): ReadPublicKey {
  const certificate = readCertificateText(text)
  if (certificate === null) return refused('key_malformed', 'not one certificate in PEM that can be read')
  if (certificate.demandsMore)
    return refused('key_kind_not_supported', 'the certificate demands of its users what is not checked here')
  return admit(certificate.key, { certificate, pem: certificate.x509.toString() })
}

function admit(key: KeyObject, more: Partial<PublicKey> = {}): ReadPublicKey {
  const admitted = admitKey(key)
  if (admitted.kind === 'refused') return admitted
  const { keyId, family } = admitted
  const pem = inOneSpelling(key).export({ format: 'pem', type: 'spki' }).toString()
  return { kind: 'read', publicKey: { key, keyId, family, pem, ...more } }
}

function refused(code: PublicKeyRefusal, detail: string): ReadPublicKey {
  return { kind: 'refused', code, detail }
}
