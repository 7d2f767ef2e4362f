import type { Span } from '../formats/format.ts'
import { readCertificate, nameOfSigner, type Certificate } from './certificate.ts'
import { NotDer, TAG, bytesOf, contentOf, hexOf, oidOf, partsOf, readDer, smallIntegerOf, type Der } from './der.ts'
import { OID, type HashName } from './oids.ts'
import { readHashName, readSignatureScheme, type SignatureScheme } from './signature-algorithm.ts'

/** A CMS SignedData (RFC 5652 5.1) over plain data. */
export interface SignedData {
  /** The content, where it lies within; null: it lies elsewhere (a detached signature). */
  readonly content: Uint8Array | null
  readonly certificates: readonly Certificate[]
  readonly signers: readonly Signer[]
  /** What no signature covers, as spans of the bytes that were read. */
  readonly unsigned: readonly { readonly span: Span; readonly why: string }[]
}

export interface Signer {
  /** How it names its certificate: `issuerAndSerial` or `keyIdentifier` of a Certificate. */
  readonly named: { readonly by: 'issuerAndSerial' | 'keyIdentifier'; readonly name: string }
  /** Null, both: by an algorithm that is not known here. */
  readonly digest: HashName | null
  readonly scheme: SignatureScheme | null
  /** What was signed in place of the content: the attributes, as the SET they are signed as (RFC 5652 5.4). */
  readonly attributes: { readonly signed: Uint8Array; readonly messageDigest: Uint8Array } | null
  readonly signature: Uint8Array
}

export type ReadSignedData =
  | { readonly kind: 'read'; readonly signedData: SignedData }
  | { readonly kind: 'refused'; readonly code: 'malformed' | 'too_large' | 'encrypted'; readonly detail: string }

/** As RAUC has it by default (max-bundle-signature-size); what openssl makes has one to eight kilobytes. */
const MAX_CMS_BYTES = 64 * 1024
const MAX_CERTIFICATES = 16
const MAX_SIGNERS = 8

/**
 * Reads a SignedData in a ContentInfo. `bare` also takes one without that wrapping, which TR-069 E.5 leaves open. DER
 * alone: a second way of writing the same is refused, and so is what is not looked at here (revocation lists, content of
 * other types). Never throws.
 */
export function readSignedData(bytes: Uint8Array, { bare = false, maxBytes = MAX_CMS_BYTES } = {}): ReadSignedData {
  if (bytes.length > maxBytes)
    return { kind: 'refused', code: 'too_large', detail: `${bytes.length} bytes; at most ${maxBytes}` }
  try {
    const outer = readDer(bytes)
    const [first, second, ...rest] = partsOf(outer, TAG.sequence)
    if (bare && first?.tag === TAG.integer) return { kind: 'read', signedData: readSignedDataParts(outer) }
    if (oidOf(first) === OID.envelopedData)
      return { kind: 'refused', code: 'encrypted', detail: 'encrypted, not signed' }
    if (oidOf(first) !== OID.signedData || second === undefined || rest.length > 0) throw new NotDer('no SignedData')
    const [inner, ...others] = partsOf(second, TAG.contextParts(0))
    if (inner === undefined || others.length > 0) throw new NotDer('no SignedData')
    return { kind: 'read', signedData: readSignedDataParts(inner) }
  } catch (error) {
    if (error instanceof NotDer) return { kind: 'refused', code: 'malformed', detail: error.message }
    throw error
  }
}

function readSignedDataParts(element: Der): SignedData {
  const [version, digests, encapsulated, ...rest] = partsOf(element, TAG.sequence)
  if (digests === undefined || encapsulated === undefined) throw new NotDer('no content')
  const certificates = rest[0]?.tag === TAG.contextParts(0) ? rest.shift() : undefined
  const [signerInfos, ...others] = rest
  if (signerInfos === undefined || others.length > 0) throw new NotDer('revocation lists, or no list of signers')
  const parts = partsOf(signerInfos, TAG.set)
  if (parts.length > MAX_SIGNERS) throw new NotDer(`${parts.length} signers; at most ${MAX_SIGNERS}`)
  const signers = parts.map(readSigner)
  mustBe(version, signers.some(({ signer }) => signer.named.by === 'keyIdentifier') ? 3 : 1)
  mustListDigests(digests, parts)
  return {
    content: readContent(encapsulated),
    certificates: readCertificates(certificates),
    signers: signers.map(({ signer }) => signer),
    unsigned: [
      ...(certificates === undefined
        ? []
        : [
            {
              span: spanOf(certificates),
              why: 'certificates: each is proven by its own signature where it is used, or not used',
            },
          ]),
      ...signers.flatMap(({ unsigned }) => unsigned),
    ],
  }
}

/** Plain data alone (RFC 5652 4), in one piece. */
function readContent(element: Der): Uint8Array | null {
  const [type, content, ...rest] = partsOf(element, TAG.sequence)
  if (oidOf(type) !== OID.data || rest.length > 0) throw new NotDer('content that is no plain data')
  if (content === undefined) return null
  const [octets, ...others] = partsOf(content, TAG.contextParts(0))
  if (others.length > 0) throw new NotDer('content in several pieces')
  return contentOf(octets, TAG.octetString)
}

/** The digests in advance are those of the signers, each once: what else they could say would mean nothing. */
function mustListDigests(digests: Der, signerInfos: readonly Der[]): void {
  const listed = partsOf(digests, TAG.set).map(nameOfHash)
  const used = signerInfos.map((info) => nameOfHash(partsOf(info, TAG.sequence)[2]!))
  if (new Set(listed).size !== listed.length || listed.some((name) => signerInfos.length > 0 && !used.includes(name)))
    throw new NotDer('digests that no signer uses')
  if (used.some((name) => !listed.includes(name))) throw new NotDer('a digest that was not listed')
}

function nameOfHash(algorithm: Der): string {
  // Looked at for its form alone: what stands beside the name has to be nothing.
  readHashName(algorithm)
  return oidOf(partsOf(algorithm, TAG.sequence)[0])
}

/** One that cannot be read, like an attribute certificate, proves nothing and is passed over. */
function readCertificates(element: Der | undefined): Certificate[] {
  if (element === undefined) return []
  const parts = partsOf(element, TAG.contextParts(0))
  if (parts.length > MAX_CERTIFICATES) throw new NotDer(`${parts.length} certificates; at most ${MAX_CERTIFICATES}`)
  return parts.flatMap((part) => readCertificate(bytesOf(part)) ?? [])
}

function readSigner(element: Der): { signer: Signer; unsigned: SignedData['unsigned'] } {
  const [version, name, digestAlgorithm, ...rest] = partsOf(element, TAG.sequence)
  if (name === undefined) throw new NotDer('a signer without a name')
  const named = readName(name)
  mustBe(version, named.by === 'keyIdentifier' ? 3 : 1)
  const signedAttributes = rest[0]?.tag === TAG.contextParts(0) ? rest.shift() : undefined
  const [signatureAlgorithm, signature, unsignedAttributes, ...others] = rest
  if (signatureAlgorithm === undefined || others.length > 0) throw new NotDer('a signer without a signature')
  const digest = readHashName(digestAlgorithm)
  return {
    signer: {
      named,
      digest,
      scheme: digest === null ? null : readSignatureScheme(signatureAlgorithm, digest),
      attributes: signedAttributes === undefined ? null : readAttributes(signedAttributes),
      signature: contentOf(signature, TAG.octetString),
    },
    unsigned: [
      { span: spanOf(signatureAlgorithm), why: 'the name of the signature algorithm: another one does not verify' },
      ...unsignedAttributesOf(unsignedAttributes),
    ],
  }
}

function unsignedAttributesOf(element: Der | undefined): SignedData['unsigned'] {
  if (element === undefined) return []
  partsOf(element, TAG.contextParts(1))
  return [{ span: spanOf(element), why: 'unsigned attributes, such as time stamps: not looked at' }]
}

function readName(element: Der): Signer['named'] {
  if (element.tag === TAG.context(0)) return { by: 'keyIdentifier', name: hexOf(contentOf(element, TAG.context(0))) }
  const [issuer, serial, ...rest] = partsOf(element, TAG.sequence)
  if (issuer === undefined || rest.length > 0) throw new NotDer('a signer without a name')
  return { by: 'issuerAndSerial', name: nameOfSigner(issuer, serial) }
}

/**
 * Signed attributes hold the type and the digest of the content, each once (RFC 5652 11.1, 11.2); others change nothing.
 * They are signed as a SET, and travel under a context tag of the same length (5.4).
 */
function readAttributes(element: Der): NonNullable<Signer['attributes']> {
  const values = new Map<string, Der>()
  for (const attribute of partsOf(element, TAG.contextParts(0))) {
    const [type, set, ...rest] = partsOf(attribute, TAG.sequence)
    const name = oidOf(type)
    if (set === undefined || rest.length > 0 || values.has(name)) throw new NotDer('an attribute that is there twice')
    const [value, ...more] = partsOf(set, TAG.set)
    if (value === undefined || (more.length > 0 && (name === OID.contentType || name === OID.messageDigest)))
      throw new NotDer('an attribute with no value, or several')
    values.set(name, value)
  }
  if (oidOf(values.get(OID.contentType)) !== OID.data) throw new NotDer('signed as content of another type')
  const signed = Buffer.from(bytesOf(element))
  signed[0] = TAG.set
  return { signed, messageDigest: contentOf(values.get(OID.messageDigest), TAG.octetString) }
}

function mustBe(version: Der | undefined, number: number): void {
  if (smallIntegerOf(version) !== number) throw new NotDer(`not version ${number}`)
}

function spanOf({ start, end }: Der): Span {
  return { start, end }
}
