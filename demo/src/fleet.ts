import { type Fleet, createFleet } from '@sluice/device-simulator'

export const SEED = 7
export const MODEL = { oui: '02A1B2', productClass: 'SimGateway' }

/** One router refuses every image, one forgets its settings. The rest is up to the release. */
export function createDemoFleet(count: number, acsUrl: string, record: string): Fleet {
  return createFleet({
    acsUrl,
    count,
    seed: SEED,
    model: MODEL,
    version: '1.0.0',
    periodicInformMs: informMsOf(count),
    timeScale: 0.5,
    startSpreadMs: (informMsOf(count) * 3) / 4,
    record,
    faults: (index) => (index === 60 ? { refusesImage: true } : index === 120 ? { losesSettingsSilently: true } : {}),
    device: { flashMs: 500, rebootMs: 1_000 },
  })
}

/** How often each router informs: some 170 sessions a second are left to the one process that all of it runs in. */
export const informMsOf = (count: number): number => Math.max(4_000, count * 12)
