/** Object identifiers, as the hexadecimal digits of their DER content. */
export const OID = {
  /** 1.2.840.113549.1.7: PKCS#7, RFC 5652 4 and 5. */
  data: '2a864886f70d010701',
  signedData: '2a864886f70d010702',
  envelopedData: '2a864886f70d010703',
  /** 1.2.840.113549.1.9: RFC 5652 11. */
  contentType: '2a864886f70d010903',
  messageDigest: '2a864886f70d010904',
  /** 1.2.840.113549.1.1: RFC 8017. */
  rsaEncryption: '2a864886f70d010101',
  mgf1: '2a864886f70d010108',
  rsaPss: '2a864886f70d01010a',
  /** 1.3.101.112: RFC 8410. */
  ed25519: '2b6570',
  /** 2.5.29: RFC 5280 4.2.1. */
  subjectKeyIdentifier: '551d0e',
  keyUsage: '551d0f',
  basicConstraints: '551d13',
  nameConstraints: '551d1e',
  extendedKeyUsage: '551d25',
  anyExtendedKeyUsage: '551d2500',
  /** 1.3.6.1.5.5.7.3. */
  codeSigning: '2b06010505070303',
  emailProtection: '2b06010505070304',
} as const

export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** RFC 5754 2, and RFC 3370 2.1 for SHA-1. */
const HASHES: Readonly<Record<string, HashName>> = {
  '2b0e03021a': 'sha1',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
}

/** Names that say a key kind and a hash in one: RSASSA-PKCS1-v1_5 (RFC 8017 A.2.4) and ECDSA (RFC 5758 3.2). */
const WITH_HASH: Readonly<Record<string, { readonly scheme: 'rsa_pkcs1' | 'ecdsa'; readonly hash: HashName }>> = {
  '2a864886f70d010105': { scheme: 'rsa_pkcs1', hash: 'sha1' },
  '2a864886f70d01010b': { scheme: 'rsa_pkcs1', hash: 'sha256' },
  '2a864886f70d01010c': { scheme: 'rsa_pkcs1', hash: 'sha384' },
  '2a864886f70d01010d': { scheme: 'rsa_pkcs1', hash: 'sha512' },
  '2a8648ce3d040302': { scheme: 'ecdsa', hash: 'sha256' },
  '2a8648ce3d040303': { scheme: 'ecdsa', hash: 'sha384' },
  '2a8648ce3d040304': { scheme: 'ecdsa', hash: 'sha512' },
}

export function hashNamed(oid: string): HashName | null {
  return Object.hasOwn(HASHES, oid) ? HASHES[oid]! : null
}

export function schemeWithHash(oid: string) {
  return Object.hasOwn(WITH_HASH, oid) ? WITH_HASH[oid]! : null
}
