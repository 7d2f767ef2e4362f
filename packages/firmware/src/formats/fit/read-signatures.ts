import type { PublicKey } from '../../signatures/public-key.ts'
import { failed, type Outcome } from '../../signatures/outcome.ts'
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
 * The signatures of the configurations. A FIT has none, or every configuration is signed and every image belongs to a
 * signed one: else whoever adds an unsigned configuration beside a signed one would have the whole trusted.
 */
export async function readSignatures(
  source: ImageSource,
  layout: FdtLayout,
  fdt: Fdt,
  configurations: readonly FitConfiguration[],
  images: readonly FitImage[],
): Promise<SignedFit> {
  const all = configurations.flatMap((configuration) =>
    configuration.signatures.map((signature) => ({ configuration, signature })),
  )
  if (all.length === 0) return { signatures: [], signed: [] }
  if (all.length > MOST_SIGNATURES) refuse('format_limit_exceeded', `${all.length} signatures`)
  refuseUnsigned(configurations, images)

  const signatures: EmbeddedSignature[] = []
  const signed: Span[] = []
  for (const { configuration, signature } of all) {
    const covered = coveredImages(configuration, signature, images)
    const tokens = signedTokens(fdt, new Set(signature.signedNodes))
    const names = { start: layout.strings.start, end: layout.strings.start + signature.signedStrings }
    if (names.end > layout.strings.end)
      refuse('format_span_out_of_range', `${signature.node.path} signs more names than there are`)
    refuseUnsignedNames(fdt.root, new Set(signature.signedNodes), names)
    const bytes = Buffer.concat([...tokens.map(bytesOfToken), await source.read(names)])
    signed.push(...tokens.map(({ span }) => span), names)
    signatures.push(embedded(signature, bytes, covered))
  }
  return { signatures, signed }
}

function refuseUnsigned(configurations: readonly FitConfiguration[], images: readonly FitImage[]): void {
  const unsigned = configurations.find(({ signatures }) => signatures.length === 0)
  if (unsigned) refuse('format_feature_not_supported', `${unsigned.node.path} is not signed, and others are`)
  const named = new Set(configurations.flatMap((one) => one.signatures.flatMap(({ signedNodes }) => signedNodes)))
  const stray = images.find(({ node }) => !named.has(node.path))
  if (stray) refuse('format_feature_not_supported', `${stray.node.path} is in no signed configuration`)
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

function embedded(signature: FitSignature, bytes: Buffer, covered: readonly FitImage[]): EmbeddedSignature {
  const algorithm = signingAlgorithm(signature)
  const hashed = covered.every(({ hashes }) => hashes.some(({ strong }) => strong))
  return {
    what: `${signature.algorithm} of ${signature.node.path}, key ${signature.keyHint ?? 'not named'}`,
    over: { start: 0, end: 0 },
    strength: hashed ? algorithm.strength : 'legacy',
    start: (keys) => ({
      update: () => undefined,
      finish: () => verifiedBy(keys, algorithm, bytes, signature.value),
    }),
  }
}

function verifiedBy(keys: readonly PublicKey[], algorithm: SigningAlgorithm, bytes: Buffer, value: Buffer): Outcome {
  const candidates = keys.filter(algorithm.takes)
  if (candidates.length === 0) return failed('key_unknown')
  const signer = candidates.find((key) => algorithm.verifies(bytes, key, value))
  return signer ? { kind: 'verified', keyId: signer.keyId } : failed('signature_invalid')
}

function bytesOfToken({ span, bytes }: Token): Buffer {
  return bytes ?? refuse('format_limit_exceeded', `${span.end - span.start} bytes of the tree are signed in one piece`)
}
