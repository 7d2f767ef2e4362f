import { createHash } from 'node:crypto'
import { startSignatureChecks, type DetachedSignature, type PresentedSignature, type PublicKey } from '@sluice/firmware'
import type { ImageStore } from '@sluice/image-store'

export type Examined =
  | {
      readonly kind: 'examined'
      readonly measured: { readonly size: number; readonly sha256: string }
      readonly signatures: readonly PresentedSignature[]
    }
  | { readonly kind: 'absent' }

/** Reads an image in quarantine once, from its first to its last byte, and says what it is and who signed it. */
export async function examineImage(
  images: ImageStore,
  claimed: { readonly artifactId: string; readonly signatures: readonly DetachedSignature[] },
  keys: readonly PublicKey[],
  signal: AbortSignal,
): Promise<Examined> {
  const image = await images.openQuarantined(claimed.artifactId)
  if (image.kind === 'absent') return image
  const endEarly = () => image.stream.destroy(signal.reason as Error)
  signal.addEventListener('abort', endEarly, { once: true })
  try {
    const hash = createHash('sha256')
    const checks = startSignatureChecks(claimed.signatures, keys, { expectedBytes: image.size })
    let size = 0
    for await (const chunk of image.stream as AsyncIterable<Buffer>) {
      size += chunk.length
      hash.update(chunk)
      checks.update(chunk)
    }
    return { kind: 'examined', measured: { size, sha256: hash.digest('hex') }, signatures: await checks.finish() }
  } finally {
    signal.removeEventListener('abort', endEarly)
    image.stream.destroy()
  }
}
