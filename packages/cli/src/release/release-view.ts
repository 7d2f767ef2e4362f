import type { Release } from '@sluice/contracts'
import type { ReleaseEnvelope, ReleaseStatement } from '@sluice/firmware'
import { printable } from '../table.ts'

/** A release as its file has it: what it states, and whose names stand below. */
export function statementLines({ releaseId, statement, envelope }: ReleaseEnvelope): string[] {
  return [
    `${releaseId}  ${titleOf(statement)}`,
    ...factsOf(statement),
    ...envelope.signatures.map(({ keyid }) => `  signature that names key ${keyid}`),
  ]
}

/** A release that was added: how it stands, and which keys vouch for it. */
export function releaseLines({ releaseId, statement, status, ...release }: Release): string[] {
  const { keyIds, addedAt, addedBy, revokedAt, revokedBy, revokedReason } = release
  return [
    `${releaseId}  ${titleOf(statement)}  ${status}`,
    ...factsOf(statement),
    ...keyIds.map((keyId) => `  signed by key ${keyId}`),
    `  added ${addedAt} by ${printable(addedBy)}`,
    ...(revokedAt === null
      ? []
      : [`  revoked ${revokedAt} by ${printable(revokedBy ?? '-')}: ${printable(revokedReason ?? '-')}`]),
  ]
}

function titleOf({ vendor, product, version, counter }: ReleaseStatement): string {
  return `${printable(vendor)}  ${product}  ${printable(version)}  counter ${counter}`
}

function* factsOf(statement: ReleaseStatement): Iterable<string> {
  const { softwareVersions, models, image, minimumVersion, expires, allowDowngrade, notesUrl } = statement
  yield `  size ${image.size}  sha256 ${image.sha256}`
  yield `  reported as ${softwareVersions.map(printable).join(', ')}`
  for (const { oui, productClass, hardwareVersions = [] } of models) {
    yield `  for ${oui} ${printable(productClass)} ${hardwareVersions.map(printable).join(', ')}`.trimEnd()
  }
  yield `  from ${minimumVersion === undefined ? 'any version' : `version ${printable(minimumVersion)} on`}, until ${expires}`
  yield `  from a higher counter: ${allowDowngrade ? 'yes' : 'no'}`
  if (notesUrl !== undefined) yield `  notes ${printable(notesUrl)}`
}
