import { X509Certificate, type KeyObject } from 'node:crypto'
import { admitKey } from '../signatures/admit-key.ts'
import type { KeyFamily } from '../signatures/algorithms.ts'
import { NotDer, TAG, bytesOf, contentOf, hexOf, oidOf, partsOf, readDer, smallIntegerOf, type Der } from './der.ts'
import { OID } from './oids.ts'
import { readSignatureScheme, type SignatureScheme } from './signature-algorithm.ts'

/** What a certificate says that a path is judged by (RFC 5280 4.1 and 4.2). The maths are those of node:crypto. */
export interface Certificate {
  readonly x509: X509Certificate
  readonly key: KeyObject
  /** Null: a key that nothing may lean on. */
  readonly admitted: { readonly keyId: string; readonly family: KeyFamily } | null
  /** One line, for evidence. */
  readonly subject: string
  /** Issuer and serial number, subject key identifier: how a signature names its signer. In hexadecimal. */
  readonly issuerAndSerial: string
  readonly keyIdentifier: string | null
  /** Both ends included, in milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  readonly isAuthority: boolean
  /** How many further authorities may stand below it (RFC 5280 4.2.1.9). Null: any number. */
  readonly pathLength: number | null
  /** Null where it does not say: any use. */
  readonly keyUsage: { readonly signsData: boolean; readonly signsCertificates: boolean } | null
  readonly extendedKeyUsage: readonly string[] | null
  /** How its issuer signed it; null: in a way that is not known here. */
  readonly signedBy: SignatureScheme | null
  /** Whether it demands something that is not checked here: such a one proves nothing (RFC 5280 4.2). */
  readonly demandsMore: boolean
}

/** Reads one certificate. Null: it is none, or one that node:crypto and this reader do not both understand. */
export function readCertificate(der: Uint8Array): Certificate | null {
  try {
    return readParts(der, new X509Certificate(der))
  } catch {
    // OpenSSL and the reader below throw on what they cannot decode: one more way of being no certificate.
    return null
  }
}

function readParts(der: Uint8Array, x509: X509Certificate): Certificate {
  const [tbs] = partsOf(readDer(der), TAG.sequence)
  if (tbs === undefined) throw new NotDer('an empty certificate')
  const fields = partsOf(tbs, TAG.sequence)
  // Version 1 names no version and has no extensions (RFC 5280 4.1.2.1): it may sign data, and no certificate.
  const [serial, algorithm, issuer, , , , ...optional] =
    fields[0]?.tag === TAG.contextParts(0) ? fields.slice(1) : fields
  if (issuer === undefined) throw new NotDer('no issuer')
  const extensions = readExtensions(optional.find((part) => part.tag === TAG.contextParts(3)))
  const [notBefore, notAfter] = [x509.validFromDate.getTime(), x509.validToDate.getTime()]
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) throw new NotDer('a validity that is no time')
  const admitted = admitKey(x509.publicKey)
  return {
    x509,
    key: x509.publicKey,
    admitted: admitted.kind === 'refused' ? null : admitted,
    subject: x509.subject.replaceAll('\n', ', '),
    issuerAndSerial: nameOfSigner(issuer, serial),
    notBefore,
    notAfter,
    signedBy: readSignatureScheme(algorithm, null),
    ...whatItIsFor(extensions),
  }
}

/** Issuer and serial number as one comparable text (RFC 5652 10.2.4). */
export function nameOfSigner(issuer: Der, serial: Der | undefined): string {
  return `${hexOf(bytesOf(issuer))}:${hexOf(contentOf(serial, TAG.integer))}`
}

interface Extension {
  readonly critical: boolean
  readonly value: Uint8Array
}

function readExtensions(element: Der | undefined): Map<string, Extension> {
  const extensions = new Map<string, Extension>()
  if (element === undefined) return extensions
  const [list] = partsOf(element, TAG.contextParts(3))
  if (list === undefined) throw new NotDer('no list of extensions')
  for (const part of partsOf(list, TAG.sequence)) {
    const fields = partsOf(part, TAG.sequence)
    const flag = fields.length === 3 ? contentOf(fields[1], TAG.boolean)[0] : 0
    const name = oidOf(fields[0])
    if (extensions.has(name)) throw new NotDer('an extension that is there twice')
    extensions.set(name, { critical: flag !== 0, value: contentOf(fields.at(-1), TAG.octetString) })
  }
  return extensions
}

/** Checked here, or without a say in what a certificate may sign. */
const UNDERSTOOD = new Set<string>([OID.basicConstraints, OID.keyUsage, OID.extendedKeyUsage, OID.subjectKeyIdentifier])

function whatItIsFor(extensions: ReadonlyMap<string, Extension>) {
  const demands = [...extensions].filter(([name, { critical }]) => critical && !UNDERSTOOD.has(name))
  return {
    ...readBasicConstraints(extensions.get(OID.basicConstraints)),
    keyUsage: readKeyUsage(extensions.get(OID.keyUsage)),
    extendedKeyUsage: readExtendedKeyUsage(extensions.get(OID.extendedKeyUsage)),
    keyIdentifier: readKeyIdentifier(extensions.get(OID.subjectKeyIdentifier)),
    // Names that an authority may not go beyond are not checked here, whether or not they are marked critical.
    demandsMore: demands.length > 0 || extensions.has(OID.nameConstraints),
  }
}

function readBasicConstraints(extension: Extension | undefined) {
  if (extension === undefined) return { isAuthority: false, pathLength: null }
  const fields = partsOf(readDer(extension.value), TAG.sequence)
  const authority = fields[0]?.tag === TAG.boolean ? contentOf(fields[0], TAG.boolean)[0] !== 0 : false
  const length = fields.at(-1)
  return { isAuthority: authority, pathLength: length?.tag === TAG.integer ? smallIntegerOf(length) : null }
}

/** RFC 5280 4.2.1.3: a bit string whose bits count from the most significant one. */
function readKeyUsage(extension: Extension | undefined): Certificate['keyUsage'] {
  if (extension === undefined) return null
  const bits = contentOf(readDer(extension.value), TAG.bitString)[1] ?? 0
  return { signsData: (bits & 0b1100_0000) !== 0, signsCertificates: (bits & 0b0000_0100) !== 0 }
}

function readExtendedKeyUsage(extension: Extension | undefined): string[] | null {
  return extension === undefined ? null : partsOf(readDer(extension.value), TAG.sequence).map(oidOf)
}

function readKeyIdentifier(extension: Extension | undefined): string | null {
  return extension === undefined ? null : hexOf(contentOf(readDer(extension.value), TAG.octetString))
}
