import type { PublicKey } from '../../signatures/public-key.ts'
import { failed, type Outcome } from '../../signatures/outcome.ts'
import { withinCertificate } from '../../signatures/within-certificate.ts'
import type { EmbeddedSignature, ImageSource, Span } from '../format.ts'
import { refuse } from '../refuse.ts'
import type { FdtLayout } from './fdt-header.ts'
import type { Token } from './fdt-tokens.ts'
import type { FitConfiguration, FitSignature } from './read-configurations.ts'
import type { Fdt, FdtNode } from './read-fdt.ts'
import type { FitImage } from './read-images.ts'
import { signedProperties, signedTokens } from './signed-tokens.ts'
import { signingAlgorithm, type SigningAlgorithm } from './signing-algorithm.ts'

const MOST_SIGNATURES = 64

export interface SignedFit {
  readonly signatures: readonly EmbeddedSignature[]
  /** The bytes of the tree that one of them covers. */
  readonly signed: readonly Span[]
}

/**
 * The signatures of the configurations. Each is of one configuration, and a device may boot any of them: so a FIT is
 * signed by who signed all of them, and with them every image. What is told as one signature are those of one name, in
 * every configuration. A configuration or an image beside them would be trusted and nobody's.
 */
export async function readSignatures(
  source: ImageSource,
  layout: FdtLayout,
  fdt: Fdt,
  configurations: readonly FitConfiguration[],
  images: readonly FitImage[],
): Promise<SignedFit> {
  const names = [...new Set(configurations.flatMap(({ signatures }) => signatures.map(({ node }) => node.name)))]
  if (names.length * configurations.length > MOST_SIGNATURES)
    refuse('format_limit_exceeded', `${names.length} signatures of ${configurations.length} configurations`)

  const signatures: EmbeddedSignature[] = []
  const signed: Span[] = []
  for (const name of names) {
    const parts: SignedPart[] = []
    for (const configuration of configurations) {
      const signature = configuration.signatures.find(({ node }) => node.name === name)
      if (!signature)
        refuse('format_feature_not_supported', `${configuration.node.path} has no ${name}, and others have`)
      const covered = coveredImages(configuration, signature, images)
      const { bytes, spans } = await signedBytes(source, layout, fdt, signature)
      parts.push({ signature, algorithm: signingAlgorithm(signature), bytes, covered })
      signed.push(...spans)
    }
    const stray = images.find((image) => !parts.some(({ covered }) => covered.includes(image)))
    if (stray) refuse('format_feature_not_supported', `${stray.node.path} is in no configuration that ${name} signs`)
    signatures.push(embedded(name, parts))
  }
  return { signatures, signed }
}

/** What is signed of one configuration. */
interface SignedPart {
  readonly signature: FitSignature
  readonly algorithm: SigningAlgorithm
  readonly bytes: Buffer
  readonly covered: readonly FitImage[]
}

async function signedBytes(source: ImageSource, { strings }: FdtLayout, fdt: Fdt, signature: FitSignature) {
  const named = new Set(signature.signedNodes)
  const names = { start: strings.start, end: strings.start + signature.signedStrings }
  if (names.end > strings.end)
    refuse('format_span_out_of_range', `${signature.node.path} signs more names than there are`)
  refuseUnsignedNames(fdt.root, named, names)
  const tokens = signedTokens(fdt, named)
  const bytes = Buffer.concat([...tokens.map(bytesOfToken), await source.read(names)])
  return { bytes, spans: [...tokens.map(({ span }) => span), names] }
}

/**
 * The images that a signature covers, their hashes included. What it has to name is known from the configuration: the
 * list it brings along is no proof that it is complete (CVE-2020-10648).
 */
function coveredImages(
  { node, images: used }: FitConfiguration,
  signature: FitSignature,
  images: readonly FitImage[],
): readonly FitImage[] {
  const named = new Set(signature.signedNodes)
  const covered = images.filter((image) => named.has(image.node.path))
  const needed = ['/', node.path, ...used, ...covered.flatMap(({ hashes }) => hashes.map((hash) => hash.node.path))]
  const missing = needed.find((path) => !named.has(path))
  if (missing) refuse('format_malformed', `${signature.node.path} does not sign ${missing}`)
  // U-Boot refuses these too: `kernel@1` may be found where `kernel` was signed (CVE-2021-27138).
  const ambiguous = needed.find((path) => path.includes('@'))
  if (ambiguous) refuse('format_feature_not_supported', `${ambiguous} has a unit address`)
  const bare = covered.find(({ hashes }) => hashes.length === 0)
  if (bare) refuse('format_malformed', `${bare.node.path} is signed and has no hash`)
  return covered
}

/** A property that is signed and whose name is not could be given another one. */
function refuseUnsignedNames(node: FdtNode, named: ReadonlySet<string>, names: Span): void {
  const stray = named.has(node.path)
    ? signedProperties(node).find(({ nameSpan }) => nameSpan.end > names.end)
    : undefined
  if (stray) refuse('format_malformed', `the name ${stray.name} is not signed`)
  for (const child of node.children.values()) refuseUnsignedNames(child, named, names)
}

function embedded(name: string, parts: readonly SignedPart[]): EmbeddedSignature {
  const { algorithm, keyHint } = parts[0]!.signature
  return {
    what: `${algorithm}, ${name} of ${parts.length} configurations, key ${keyHint ?? 'not named'}`,
    over: { start: 0, end: 0 },
    strength: parts.every(isFull) ? 'full' : 'legacy',
    start: (keys, now) => ({
      update: () => undefined,
      finish: () => withinCertificate(verifiedBy(keys, parts), keys, now),
    }),
  }
}

function isFull({ algorithm, covered }: SignedPart): boolean {
  return algorithm.strength === 'full' && covered.every(({ hashes }) => hashes.some(({ strong }) => strong))
}

/** One key has to have signed all of them: another is no proof that they were meant to lie side by side. */
function verifiedBy(keys: readonly PublicKey[], parts: readonly SignedPart[]): Outcome {
  const candidates = keys.filter((key) => parts.every(({ algorithm }) => algorithm.takes(key)))
  if (candidates.length === 0) return failed('key_unknown')
  const signer = candidates.find((key) =>
    parts.every(({ algorithm, bytes, signature }) => algorithm.verifies(bytes, key, signature.value)),
  )
  return signer ? { kind: 'verified', keyId: signer.keyId } : failed('signature_invalid')
}

function bytesOfToken({ span, bytes }: Token): Buffer {
  return bytes ?? refuse('format_limit_exceeded', `${span.end - span.start} bytes of the tree are signed in one piece`)
}
