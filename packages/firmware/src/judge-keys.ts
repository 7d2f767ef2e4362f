import type { Reason } from './judge.ts'

export interface Model {
  readonly oui: string
  readonly productClass: string
}

/** A key of the trust store, as far as the verdict needs it. Times are milliseconds since the epoch. */
export interface TrustKey {
  readonly keyId: string
  readonly purposes: readonly ('image' | 'release')[]
  /** OUIs of the vendors it may sign for, and models of others. Nothing in both: any. */
  readonly ouis: readonly string[]
  readonly models: readonly Model[]
  /** False: a second person has to agree first, and has not. */
  readonly approved: boolean
  readonly validFrom: number | null
  readonly validUntil: number | null
  readonly revoked: boolean
}

/** Why a key may not vouch for an image of these models now; null: it may. */
export function objectionTo(key: TrustKey, fits: readonly Model[], now: number): Reason | null {
  if (key.revoked) return { code: 'key_revoked', detail: 'the key is revoked' }
  if (!key.approved) return { code: 'key_not_approved', detail: 'a second person has not agreed to the key' }
  if (!key.purposes.includes('image')) return { code: 'key_not_for_images', detail: 'the key may not sign images' }
  if (key.validFrom !== null && now < key.validFrom) {
    return { code: 'key_not_yet_valid', detail: 'the key is not valid yet' }
  }
  if (key.validUntil !== null && now >= key.validUntil) return { code: 'key_expired', detail: 'the key has expired' }
  const uncovered = fits.find((model) => !coversModel(key, model))
  if (uncovered === undefined) return null
  const { oui, productClass } = uncovered
  return { code: 'key_out_of_scope', detail: `the key may not sign for ${oui} ${productClass}` }
}

/** Why keys that it vouches for by certificates spoil a signature; null: they do not. */
export function objectionBetween(keyIds: readonly string[], keys: readonly TrustKey[]): Reason | null {
  const revoked = keys.find((key) => key.revoked && keyIds.includes(key.keyId))
  return revoked ? { code: 'key_revoked', detail: `the key ${revoked.keyId} it vouches for is revoked` } : null
}

/** Whether a key may sign for a model at all. */
export function coversModel(
  { ouis, models }: Pick<TrustKey, 'ouis' | 'models'>,
  { oui, productClass }: Model,
): boolean {
  if (ouis.length === 0 && models.length === 0) return true
  return ouis.includes(oui) || models.some((model) => model.oui === oui && model.productClass === productClass)
}
