import { type Fleet, createFleet } from '@sluice/device-simulator'

export const FLEET_SIZE = 200
export const SEED = 7
export const MODEL = { oui: '02A1B2', productClass: 'SimGateway' }

/** Two hundred routers; one refuses every image, one forgets its settings. The rest is up to the release. */
export function createDemoFleet(acsUrl: string, record: string): Fleet {
  return createFleet({
    acsUrl,
    count: FLEET_SIZE,
    seed: SEED,
    model: MODEL,
    version: '1.0.0',
    periodicInformMs: 4_000,
    timeScale: 0.5,
    startSpreadMs: 3_000,
    record,
    faults: (index) => (index === 60 ? { refusesImage: true } : index === 120 ? { losesSettingsSilently: true } : {}),
    device: { flashMs: 500, rebootMs: 1_000 },
  })
}
