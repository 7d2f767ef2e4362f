import { sign } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@sluice/client'
import type { Artifact } from '@sluice/contracts'
import { buildSimulatedImage, testVendorKey } from '@sluice/device-simulator'
import type { Act } from './acts.ts'
import { MODEL } from './fleet.ts'

const IMAGE_BYTES = 262_144
const VERDICT_MS = 30_000

/** Has the system trust the vendor's key. */
export async function trustVendor(client: Client): Promise<void> {
  const publicKeyPem = testVendorKey().publicKey.export({ type: 'spki', format: 'pem' }).toString()
  await client.call('addTrustKey', { body: { name: 'Simulated Devices', publicKeyPem, ouis: [MODEL.oui] } })
}

/** Builds the act's image, signs it, uploads it, and waits for the verdict. */
export async function releaseImage(client: Client, act: Act): Promise<Artifact> {
  const { privateKey } = testVendorKey()
  const { version, behaviour } = act
  const image = buildSimulatedImage({ version, sizeBytes: IMAGE_BYTES, privateKey, ...(behaviour && { behaviour }) })
  const { artifactId } = await client.call('createArtifact', {
    body: {
      name: `SimGateway ${version}`,
      version,
      fits: [MODEL],
      signatures: [{ algorithm: 'ed25519', value: sign(null, image, privateKey).toString('base64') }],
    },
  })
  await client.upload(artifactId, image)
  return waitForVerdict(client, artifactId)
}

async function waitForVerdict(client: Client, artifactId: string): Promise<Artifact> {
  const until = performance.now() + VERDICT_MS
  for (;;) {
    const artifact = await client.call('getArtifact', { params: { artifactId } })
    if (artifact.status === 'trusted') return artifact
    if (artifact.status === 'rejected')
      throw new Error(`the image was rejected: ${JSON.stringify(artifact.verdict?.reasons)}`)
    if (performance.now() > until) throw new Error('no verdict on the image came in time')
    await sleep(100)
  }
}
