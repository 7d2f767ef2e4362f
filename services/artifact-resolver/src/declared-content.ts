import type { ArtifactRow } from './store/artifacts.ts'

export interface Misfit {
  readonly code: 'image_empty' | 'size_mismatch' | 'digest_mismatch'
  readonly detail: string
}

type Declared = Pick<ArtifactRow, 'declared_size' | 'declared_sha256'>

/** No more is read of it than this, whatever its sender says. */
export function mostBytes({ declared_size }: Declared, maxImageBytes: number): number {
  return Math.min(declared_size ?? maxImageBytes, maxImageBytes)
}

/** Why bytes are not the image that was described; null: nothing is against them. */
export function findMisfit(
  declared: Declared,
  measured: { readonly size: number; readonly sha256: string },
): Misfit | null {
  const { declared_size: size, declared_sha256: sha256 } = declared
  if (measured.size === 0) return { code: 'image_empty', detail: 'the image has no bytes' }
  if (size !== null && size !== measured.size)
    return { code: 'size_mismatch', detail: `declared ${size} bytes, measured ${measured.size}` }
  if (sha256 !== null && sha256 !== measured.sha256)
    return { code: 'digest_mismatch', detail: `declared SHA-256 ${sha256}, measured ${measured.sha256}` }
  return null
}

/** Why it is too long, for whoever sent it. */
export function tooLong({ declared_size }: Declared, maxBytes: number): string {
  return declared_size === maxBytes
    ? `it was declared with ${maxBytes} bytes, and more came`
    : `an image has at most ${maxBytes} bytes`
}
