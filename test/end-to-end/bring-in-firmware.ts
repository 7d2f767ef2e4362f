import { sign } from 'node:crypto'
import type { Artifact, ArtifactDraft } from '@sluice/contracts'
import { buildSimulatedImage, type ImageBehaviour, testVendorKey } from '@sluice/device-simulator'
import { waitUntil } from '@sluice/testbed'
import { addRelease, statementFor } from './sign-release.ts'
import type { System } from './system.ts'

export interface Firmware {
  readonly version: string
  readonly behaviour?: ImageBehaviour
  /** Said of it beyond the truth, or instead of it. */
  readonly draft?: Partial<ArtifactDraft>
}

/** What the vendor hands over: the image, and its detached signature. */
export function vendorImage({ version, behaviour }: Firmware): { image: Buffer; signature: string } {
  const { privateKey } = testVendorKey()
  const image = buildSimulatedImage({ version, sizeBytes: 200_000, privateKey, ...(behaviour && { behaviour }) })
  return { image, signature: sign(null, image, privateKey).toString('base64') }
}

export async function trustVendor(system: System): Promise<void> {
  const publicKeyPem = testVendorKey().publicKey.export({ type: 'spki', format: 'pem' })
  await system.client.call('addTrustKey', { body: { name: 'vendor', publicKeyPem, purposes: ['image', 'release'] } })
}

/** As `bringInImage`, and where it is trusted its release is brought in too. */
export async function bringInFirmware(system: System, firmware: Firmware): Promise<Artifact> {
  const artifact = await bringInImage(system, firmware)
  if (artifact.status === 'trusted') await addRelease(system, statementFor(artifact))
  return artifact
}

/** Uploads an image and waits for its verdict. */
export async function bringInImage(system: System, firmware: Firmware): Promise<Artifact> {
  const { image, signature } = vendorImage(firmware)
  const draft: ArtifactDraft = {
    name: `firmware ${firmware.version}`,
    version: firmware.version,
    fits: [{ oui: '02A1B2', productClass: 'SimGateway' }],
    signatures: [{ algorithm: 'ed25519', value: signature }],
    ...firmware.draft,
  }
  const { artifactId } = await system.client.call('createArtifact', { body: draft })
  if (draft.sourceUrl === undefined) await system.client.upload(artifactId, image)
  return judged(system, artifactId)
}

async function judged(system: System, artifactId: string): Promise<Artifact> {
  let artifact = await system.client.call('getArtifact', { params: { artifactId } })
  await waitUntil(
    async () => {
      artifact = await system.client.call('getArtifact', { params: { artifactId } })
      return artifact.status === 'trusted' || artifact.status === 'rejected'
    },
    { deadlineMs: 20_000, everyMs: 100, describe: () => `the artifact is ${artifact.status}, without a verdict` },
  )
  return artifact
}
