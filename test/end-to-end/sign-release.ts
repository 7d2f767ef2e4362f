import type { Artifact } from '@sluice/contracts'
import { type VendorKey, testVendorKey } from '@sluice/device-simulator'
import { type ReleaseStatement, readPublicKey, sealRelease, signRelease } from '@sluice/firmware'
import type { System } from './system.ts'

let counter = 0

/** What the vendor says of an artifact: as the draft has it, in a product line of its own unless told. */
export function statementFor(artifact: Artifact, more: Partial<ReleaseStatement> = {}): ReleaseStatement {
  counter += 1
  return {
    schemaVersion: 1,
    vendor: 'Simulated Devices',
    product: `sim/${artifact.artifactId.toLowerCase()}`,
    version: artifact.version,
    softwareVersions: artifact.softwareVersions,
    counter,
    models: artifact.fits,
    image: { size: artifact.size!, sha256: artifact.sha256! },
    expires: new Date(Date.now() + 86_400_000).toISOString(),
    allowDowngrade: false,
    ...more,
  }
}

/** Signs away from the system, and brings in what was signed. Answers its id. */
export async function addRelease(
  system: System,
  statement: ReleaseStatement,
  { publicKey, privateKey }: VendorKey = testVendorKey(),
): Promise<string> {
  const read = readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  if (read.kind === 'refused') throw new Error(read.detail)
  const { envelope } = signRelease(sealRelease(statement), { publicKey: read.publicKey, privateKey })
  const body = { envelope: { ...envelope, signatures: [...envelope.signatures] } }
  return (await system.client.call('addRelease', { body })).releaseId
}
