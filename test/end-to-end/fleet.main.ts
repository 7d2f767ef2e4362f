import { writeFileSync } from 'node:fs'
import { createFleet, type Faults, type FleetSettings } from '@sluice/device-simulator'

/** A fleet in a process of its own, told by one argument of JSON. SIGTERM ends it. */
export interface FleetOrder extends Pick<
  FleetSettings,
  | 'acsUrl'
  | 'count'
  | 'seed'
  | 'version'
  | 'model'
  | 'serialPrefix'
  | 'periodicInformMs'
  | 'timeScale'
  | 'startSpreadMs'
  | 'device'
> {
  readonly record: string
  readonly statesFile: string
  /** By index; the others behave. */
  readonly faults: readonly Faults[]
}

const { faults, statesFile, ...settings } = JSON.parse(process.argv[2] ?? '') as FleetOrder
const fleet = createFleet({ ...settings, faults: (index) => faults[index] ?? {} })
process.once('SIGTERM', () => {
  void fleet.stop(3_000).then(() => {
    writeFileSync(
      statesFile,
      fleet
        .states()
        .map((state) => `${JSON.stringify(state)}\n`)
        .join(''),
    )
    process.exit(0)
  })
})
fleet.start()
process.stdout.write('fleet started\n')
