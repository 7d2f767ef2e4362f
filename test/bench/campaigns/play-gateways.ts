import type { Bus } from '@sluice/bus'
import {
  type Observation,
  type ObservedFact,
  type OutputOf,
  attemptObserved,
  shardOf,
  upgradeClaim,
  upgradeTraceparent,
} from '@sluice/contracts'
import { type Batcher, createBatcher, createIds, systemClock } from '@sluice/runtime'
import { NEW_VERSION, OLD_VERSION, OUI, PRODUCT_CLASS } from './fill-registry.ts'

/** One device with the upgrade that waits for it. */
export interface Waiting {
  readonly upgradeId: string
  readonly deviceKey: string
}

export interface Players {
  /** Claims, and once it is told to go, tells all that a gateway and a file server see of the upgrade, at its times. */
  upgrade(device: Waiting): Promise<void>
  readonly counts: {
    claimed: number
    refused: number
    /** Upgrades of which the bus did not take all that was to be told. */
    failed: number
    facts: number
    events: number
    /** Upgrades whose last fact is on the bus. */
    told: number
  }
  /** Resolves once nothing of them is under way. */
  idle(): Promise<void>
  stop(): Promise<void>
}

/** How long each thing takes after the one before it, in ms. */
const ANSWER = 100
const FIRST_BYTE = 200
const TRANSFER = 400
const FLASH = 800
export const SOAK_MS = 2_000

/** Digests as a gateway makes them of the settings that profiles name. */
const SETTINGS = Object.fromEntries(
  Array.from({ length: 8 }, (_, index) => [
    `Device.WiFi.SSID.${index + 1}.SSID`,
    `digest-of-setting-${index}-0123456789`,
  ]),
)
const SNAPSHOT = {
  settings: SETTINGS,
  sentinels: { 'Device.ManagementServer.ParameterKey': 'digest-of-a-sentinel-0123456789' },
  wanUp: true,
}

/** Two gateways and a file server, as the bus sees them: claims one by one, facts in batches as they make them. */
export function playGateways(gateways: Bus, files: Bus): Players {
  const ids = createIds()
  const counts = { claimed: 0, refused: 0, failed: 0, facts: 0, events: 0, told: 0 }
  const underWay = new Set<Promise<void>>()
  const publisher = (bus: Bus, maxItems: number, waitMs: number): Batcher<Observation, void> =>
    createBatcher<Observation, void>({
      maxItems,
      waitMs,
      maxRunning: 8,
      maxPending: 100_000,
      run: async (items) => {
        await bus.publish(attemptObserved, [
          { id: ids.event(), key: shardOf(items[0]!.deviceKey ?? ''), data: { items: [...items] } },
        ])
        counts.events += 1
        counts.facts += items.length
        return items.map(() => undefined)
      },
    })
  // As services/cwmp-gateway/src/reports.ts and services/file-server/src/report-facts.ts gather them.
  const fromGateways = [publisher(gateways, 48, 20), publisher(gateways, 48, 20)]
  const fromFiles = publisher(files, 256, 50)

  const observation = (deviceKey: string | null, upgradeId: string, fact: ObservedFact): Observation => ({
    id: ids.observation(),
    deviceKey,
    at: new Date().toISOString(),
    traceparent: upgradeTraceparent(upgradeId),
    fact,
  })

  async function upgrade({ upgradeId, deviceKey }: Waiting): Promise<void> {
    const answer = await claim(upgradeId, deviceKey)
    if (answer?.kind !== 'go') {
      counts.refused += 1
      return
    }
    counts.claimed += 1
    const { attemptId } = answer
    const gateway = fromGateways[counts.claimed % 2]!
    const seen = (...facts: ObservedFact[]) =>
      Promise.all(facts.map((fact) => gateway.add(observation(deviceKey, upgradeId, fact))))
    const served = (fact: ObservedFact) => fromFiles.add(observation(null, upgradeId, fact))
    const onTarget = (...codes: string[]): ObservedFact => ({
      kind: 'informed',
      softwareVersion: NEW_VERSION,
      events: codes.map((code) => ({ code, commandKey: code.startsWith('M ') ? attemptId : '' })),
    })
    const read: ObservedFact = { kind: 'snapshot_read', ...SNAPSHOT }

    await systemClock.sleep(ANSWER)
    await seen({ kind: 'download_answered', attemptId, status: 1 })
    await systemClock.sleep(FIRST_BYTE)
    await served({ kind: 'first_byte_served', attemptId, bytes: 1 })
    await systemClock.sleep(TRANSFER)
    await served({ kind: 'last_byte_served', attemptId, bytes: 8_000_000 })
    await systemClock.sleep(FLASH)
    const completed = { kind: 'transfer_completed', commandKey: attemptId, faultCode: 0, faultString: '' } as const
    await seen(onTarget('1 BOOT', '7 TRANSFER COMPLETE', 'M Download'), completed, read)
    await systemClock.sleep(SOAK_MS + 100)
    await seen(onTarget('2 PERIODIC'), read)
    counts.told += 1
  }

  async function claim(upgradeId: string, deviceKey: string): Promise<OutputOf<typeof upgradeClaim> | undefined> {
    const reply = await gateways.request(upgradeClaim, {
      deviceKey,
      upgradeId,
      sessionId: 'bench',
      oui: OUI,
      productClass: PRODUCT_CLASS,
      hardwareVersion: 'H1',
      softwareVersion: OLD_VERSION,
      snapshot: SNAPSHOT,
    })
    return reply.ok ? reply.data : undefined
  }

  return {
    counts,
    upgrade: (device) => {
      const work = upgrade(device).catch(() => void (counts.failed += 1))
      underWay.add(work)
      return work.finally(() => underWay.delete(work))
    },
    idle: async () => void (await Promise.allSettled(underWay)),
    stop: async () => void (await Promise.all([...fromGateways, fromFiles].map((one) => one.stop()))),
  }
}

/** Facts that one upgrade of `playGateways` comes to, beside its claim. */
export const FACTS_PER_UPGRADE = 8
