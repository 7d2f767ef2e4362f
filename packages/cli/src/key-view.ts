import type { TrustKey } from '@sluice/contracts'
import { printable } from './table.ts'

/** A key as a page: what it may sign, for whom and when, and everybody who had a hand in it. */
export function keyLines(key: TrustKey, all: readonly TrustKey[]): string[] {
  const scope = [...key.ouis, ...key.models.map(({ oui, productClass }) => `${oui} ${productClass}`)].map(printable)
  const named = (keyId: string) => {
    const other = all.find((one) => one.keyId === keyId)
    return other === undefined ? keyId : `${keyId} (${printable(other.name)})`
  }
  const successors = all.filter((one) => one.succeeds === key.keyId).map(({ keyId }) => named(keyId))
  return [
    `${key.keyId}  ${printable(key.name)}  ${key.state}`,
    `  signs         ${key.purposes.join(' and ')}s, by ${key.algorithms.join(', ')}`,
    `  for           ${scope.length === 0 ? 'any vendor and model' : scope.join(', ')}`,
    `  valid         ${span(key)}`,
    ...(key.proposed === null
      ? []
      : [
          `  asked for     ${span(key.proposed)}, by ${by(key.proposed.by, key.proposed.at)}: another person has to agree`,
          `  to agree      ${agreement(key.keyId, key.proposed)}`,
        ]),
    ...(key.succeeds === null ? [] : [`  succeeds      ${named(key.succeeds)}`]),
    ...(successors.length === 0 ? [] : [`  succeeded by  ${successors.join(', ')}`]),
    `  added         by ${by(key.addedBy, key.addedAt)}`,
    ...approval(key),
    ...(key.revokedAt === null
      ? []
      : [`  revoked       by ${by(key.revokedBy ?? '-', key.revokedAt)}: ${printable(key.revokedReason ?? '')}`]),
    '',
    ...key.publicKeyPem.trim().split('\n').map(printable),
  ]
}

function agreement(keyId: string, { validFrom, validUntil }: Pick<TrustKey, 'validFrom' | 'validUntil'>): string {
  return `sluice keys approve ${keyId} --from ${validFrom ?? 'ever'} --until ${validUntil ?? 'never'}`
}

function approval({ approval: { needed, givenBy, givenAt } }: TrustKey): string[] {
  if (givenBy !== null) return [`  approved      by ${by(givenBy, givenAt!)}`]
  return needed ? ['  approved      by nobody yet: it vouches for nothing'] : []
}

function by(actor: string, at: string): string {
  return `${printable(actor)}, ${at}`
}

function span({ validFrom, validUntil }: Pick<TrustKey, 'validFrom' | 'validUntil'>): string {
  if (validFrom === null && validUntil === null) return 'for ever'
  return [validFrom === null ? [] : `from ${validFrom}`, validUntil === null ? [] : `until ${validUntil}`]
    .flat()
    .join(' ')
}
