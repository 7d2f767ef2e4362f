import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@sluice/client'
import type { Artifact, Release } from '@sluice/contracts'
import { buildSimulatedImage, testVendorKey } from '@sluice/device-simulator'
import { readPublicKey, sealRelease, signRelease } from '@sluice/firmware'
import type { Act } from './acts.ts'
import { MODEL } from './fleet.ts'

const IMAGE_BYTES = 262_144
const VERDICT_MS = 30_000

const DAY_MS = 86_400_000

/** Of who releases: another key than that of who builds. The system is told its public half alone. */
const releaseKey = generateKeyPairSync('ed25519')
let releases = 0

/** Has the system trust the vendor's keys: one for images, one for releases. */
export async function trustVendor(client: Client): Promise<void> {
  const ouis = [MODEL.oui]
  const publicKeyPem = pemOf(testVendorKey().publicKey)
  await client.call('addTrustKey', { body: { name: 'Simulated Devices', publicKeyPem, ouis } })
  const release = { name: 'Simulated releases', publicKeyPem: pemOf(releaseKey.publicKey), ouis }
  await client.call('addTrustKey', { body: { ...release, purposes: ['release'] } })
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

/** States that the image may run on this model, signs that, and brings it in. */
export async function stateRelease(
  client: Client,
  { version, softwareVersions, size, sha256 }: Artifact,
): Promise<Release> {
  const read = readPublicKey(pemOf(releaseKey.publicKey))
  if (read.kind === 'refused') throw new Error(read.detail)
  const stated = sealRelease({
    schemaVersion: 1,
    vendor: 'Simulated Devices',
    product: 'sim/gateway',
    version,
    softwareVersions,
    counter: (releases += 1),
    models: [MODEL],
    image: { size: size!, sha256: sha256! },
    expires: new Date(Date.now() + DAY_MS).toISOString(),
    allowDowngrade: false,
  })
  const { envelope } = signRelease(stated, { publicKey: read.publicKey, privateKey: releaseKey.privateKey })
  return client.call('addRelease', { body: { envelope: { ...envelope, signatures: [...envelope.signatures] } } })
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
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
