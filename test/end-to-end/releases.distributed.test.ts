import { generateKeyPairSync } from 'node:crypto'
import { ClientError } from '@sluice/client'
import type { PolicyDraft } from '@sluice/contracts'
import { testVendorKey, type VendorKey } from '@sluice/device-simulator'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInImage, trustVendor } from './bring-in-firmware.ts'
import { judgeHistory } from './judge-history.ts'
import { quickPolicy, startCampaign, upgradesOf, waitForCampaign } from './run-campaign.ts'
import { type RunningFleet, runFleet } from './run-fleet.ts'
import { addRelease, statementFor } from './sign-release.ts'
import { type DistributedSystem, startDistributedSystem } from './start-distributed.ts'

// Revocation acts now: on the deployed parts, from the operator's call to what devices write down.

/** Half of them do not know what CancelTransfer is for. */
const FAULTS = [{ refusesCancel: true }, { refusesCancel: true }, {}, {}]
/** One waits for its place, three are told to begin in a while: in about twelve seconds of theirs. */
const POLICY: PolicyDraft = {
  ...quickPolicy,
  caps: { inFlight: 3 },
  delivery: { method: 'download', delaySeconds: 600 },
}

let system: DistributedSystem
const fleets: RunningFleet[] = []
beforeAll(async () => {
  system = await startDistributedSystem({ gateways: 2, schedulers: 2 })
  await trustVendor(system)
}, 180_000)
afterAll(async () => {
  for (const fleet of fleets) await fleet.remove()
  await system?.remove()
})

async function releaseKey(): Promise<VendorKey & { keyId: string }> {
  const pair = generateKeyPairSync('ed25519')
  const publicKeyPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const body = { name: 'releases', publicKeyPem, purposes: ['release' as const] }
  return { ...pair, keyId: (await system.client.call('addTrustKey', { body })).keyId }
}

const codeOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => null,
    (error: unknown) => (error instanceof ClientError ? error.problem?.code : error),
  )

interface Released {
  readonly artifactId: string
  readonly releaseId: string
  readonly key: VendorKey & { keyId: string }
}

test('a campaign is refused until a release covers it', async () => {
  const { artifactId, ...rest } = await bringInImage(system, { version: '7.0.0' })
  const body = { name: 'uncovered', artifactId, targets: {} }
  expect(await codeOf(system.client.call('createCampaign', { body }))).toBe('release_missing')
  expect(await codeOf(system.client.call('dryRunCampaign', { body }))).toBe('release_missing')
  // No moment in between: who added a release may go by it.
  await addRelease(system, statementFor({ artifactId, ...rest }))
  expect(await codeOf(system.client.call('createCampaign', { body }))).toBe(null)
}, 180_000)

test.each<[what: string, prefix: string, version: string, code: string, revoke: (one: Released) => Promise<unknown>]>([
  [
    'a release',
    'REL',
    '7.1.0',
    'release_revoked',
    ({ releaseId }) => system.client.call('revokeRelease', { params: { releaseId }, body: { reason: 'stolen' } }),
  ],
  [
    'the key that signed the release',
    'KEY',
    '7.2.0',
    'release_revoked',
    ({ key: { keyId } }) => system.client.call('revokeTrustKey', { params: { keyId }, body: { reason: 'stolen' } }),
  ],
  // The last one: nothing that this vendor built is trusted after it.
  [
    'the key that signed the image',
    'IMG',
    '7.3.0',
    'artifact_not_trusted',
    async () => {
      const pem = testVendorKey().publicKey.export({ type: 'spki', format: 'pem' }).toString()
      const { items } = await system.client.call('listTrustKeys')
      const { keyId } = items.find(({ publicKeyPem }) => publicKeyPem === pem)!
      return system.client.call('revokeTrustKey', { params: { keyId }, body: { reason: 'stolen' } })
    },
  ],
])(
  'when %s is revoked, what waits is withdrawn, what was offered is cancelled or gets no byte, and nobody is flashed',
  async (_, serialPrefix, version, code, revoke) => {
    const fleet = await runFleet(system, { serialPrefix, count: 4, faults: FAULTS })
    fleets.push(fleet)
    const artifact = await bringInImage(system, { version })
    const key = await releaseKey()
    const releaseId = await addRelease(system, statementFor(artifact), key)
    const { campaignId } = await startCampaign(system, artifact.artifactId, POLICY, fleet.names)
    const accepted = async () => (await upgradesOf(system, campaignId)).filter(({ state }) => state === 'accepted')
    await waitUntil(async () => (await accepted()).length === 3, {
      deadlineMs: 30_000,
      everyMs: 100,
      describe: () => 'not all three have accepted',
    })

    await revoke({ artifactId: artifact.artifactId, releaseId, key })
    const ended = await waitForCampaign(system, campaignId, ({ state }) => state === 'aborted')
    expect(ended.stateReason).toMatch(/was revoked: .*stolen/)
    const body = { name: 'again', artifactId: artifact.artifactId, targets: {} }
    expect(await codeOf(system.client.call('createCampaign', { body }))).toBe(code)

    const wrote = (what: string) => fleet.lines().filter((line) => line.what === what)
    const refusing = (await upgradesOf(system, campaignId)).filter(
      ({ deviceName, attemptId }) => attemptId !== null && fleet.names.indexOf(deviceName) < 2,
    )
    await waitUntil(() => wrote('cancelled').length === 3 - refusing.length, {
      deadlineMs: 20_000,
      describe: () => 'not all cancel tasks arrived',
    })
    // They begin, as they were told to, and get nothing.
    await waitUntil(() => wrote('download_failed').length >= refusing.length, {
      deadlineMs: 30_000,
      describe: () => 'who cannot be cancelled has not begun',
    })
    expect([wrote('bytes_received'), wrote('flashed')]).toEqual([[], []])
    const settled = await waitForCampaign(
      system,
      campaignId,
      ({ counters: { pending, inFlight, unproven } }) => pending + inFlight + unproven === 0,
    )
    expect(settled.counters).toMatchObject({ success: 0 })
    const pending = (await upgradesOf(system, campaignId)).filter(({ attempts }) => attempts === 0)
    expect(pending.map(({ state }) => state)).toEqual(['cancelled'])
  },
  120_000,
)

test('journals, API and the devices’ own records agree, and every guarantee was kept', async () => {
  expect(await judgeHistory(system, fleets)).toEqual([])
}, 180_000)
