import { constants, type KeyObject } from 'node:crypto'

/** The detached signatures this package can check. Anything else is refused by name, never skipped. */
export type SignatureAlgorithm =
  | 'ed25519'
  | 'ecdsa_p256_sha256'
  | 'ecdsa_p256_sha512'
  | 'ecdsa_p384_sha384'
  | 'rsa_pss_sha256'
  | 'rsa_pkcs1_sha256'
  | 'minisign'
  | 'signify'
  | 'cms'

export type KeyFamily = 'ed25519' | 'p256' | 'p384' | 'rsa'

export interface AlgorithmFacts {
  readonly family: KeyFamily
  /** What is presented: the signature alone, or a file of a tool around it, which also names the key. */
  readonly form: 'bare' | 'minisign' | 'signify'
  /** What is hashed and then signed; null where the message itself is (RFC 8032 PureEdDSA). */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | 'blake2b512' | null
  /** What node:crypto needs beside the key. */
  readonly options: { readonly padding?: number; readonly saltLength?: number; readonly dsaEncoding?: 'der' }
}

/** A CMS names its algorithms and its signers itself: see `cms/`. */
const ALGORITHMS: Readonly<Record<Exclude<SignatureAlgorithm, 'cms'>, AlgorithmFacts>> = {
  ed25519: { family: 'ed25519', form: 'bare', hash: null, options: {} },
  ecdsa_p256_sha256: { family: 'p256', form: 'bare', hash: 'sha256', options: { dsaEncoding: 'der' } },
  // Updates of LoRa Basics Station.
  ecdsa_p256_sha512: { family: 'p256', form: 'bare', hash: 'sha512', options: { dsaEncoding: 'der' } },
  ecdsa_p384_sha384: { family: 'p384', form: 'bare', hash: 'sha384', options: { dsaEncoding: 'der' } },
  rsa_pss_sha256: {
    family: 'rsa',
    form: 'bare',
    hash: 'sha256',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
  },
  rsa_pkcs1_sha256: {
    family: 'rsa',
    form: 'bare',
    hash: 'sha256',
    options: { padding: constants.RSA_PKCS1_PADDING },
  },
  minisign: { family: 'ed25519', form: 'minisign', hash: 'blake2b512', options: {} },
  signify: { family: 'ed25519', form: 'signify', hash: null, options: {} },
}

/** The facts of an algorithm, or null for a name that is not in the table. */
export function algorithmFacts(name: string): AlgorithmFacts | null {
  return Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name as keyof typeof ALGORITHMS] : null
}

/** The algorithms a key of this family can be asked about. */
export function algorithmsOf(family: KeyFamily): SignatureAlgorithm[] {
  const names = Object.keys(ALGORITHMS) as (keyof typeof ALGORITHMS)[]
  return [...names.filter((name) => ALGORITHMS[name].family === family), 'cms']
}

export function familyOf(key: KeyObject): KeyFamily | null {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519'
  if (key.asymmetricKeyType === 'rsa') return 'rsa'
  if (key.asymmetricKeyType !== 'ec') return null
  const curve = key.asymmetricKeyDetails?.namedCurve
  return curve === 'prime256v1' ? 'p256' : curve === 'secp384r1' ? 'p384' : null
}
