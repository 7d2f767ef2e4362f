import { afterEach } from 'vitest'
import {
  buildSimulatedImage,
  createFleet,
  testVendorKey,
  type Device,
  type DeviceState,
  type Faults,
  type Fleet,
  type FleetSettings,
  type RecordLine,
} from '../src/index.ts'
import { downloadCall, eventsOf, startScriptedAcs, type ScriptedAcs } from './scripted-acs.ts'

export const SERIAL = 'SIM000001'
export const newImage = buildSimulatedImage({
  version: '2.0.0',
  sizeBytes: 20_000,
  privateKey: testVendorKey().privateKey,
})

/** One device before a scripted ACS; a protocol second lasts a millisecond. */
export interface Bench {
  readonly acs: ScriptedAcs
  readonly fleet: Fleet
  readonly lines: RecordLine[]
  /** The words of the record. */
  happened(): string[]
  /** Resolves when the record holds `what` this often. */
  until(what: RecordLine['what'], times?: number): Promise<void>
  /** Events of every Inform on the wire, in order. */
  informs(): string[][]
  /** Names of everything posted, in order; '' is an empty POST. */
  posted(): string[]
  state(): DeviceState
  readonly device: Device
  /** The first line of this kind. */
  line<What extends RecordLine['what']>(what: What): Extract<RecordLine, { what: What }> | undefined
  /** Resolves when the condition holds; looked at after every line of the record. */
  untilTrue(condition: () => boolean): Promise<void>
}

export interface BenchOrder {
  readonly faults?: Faults
  readonly image?: Buffer
  /** Calls for the first session; absent: one Download with all ten arguments. */
  readonly calls?: (url: string) => string[]
  readonly auth?: Parameters<typeof startScriptedAcs>[0]
  readonly tls?: Parameters<typeof startScriptedAcs>[1]
  readonly serve?: Parameters<ScriptedAcs['serve']>[2]
  readonly fleet?: Partial<FleetSettings>
  readonly before?: (acs: ScriptedAcs) => void
}

const benches: Bench[] = []
afterEach(async () => {
  for (const { fleet, acs } of benches.splice(0)) {
    await fleet.stop(50)
    await acs.close()
  }
})

export async function startBench(order: BenchOrder = {}): Promise<Bench> {
  const acs = await startScriptedAcs(order.auth, order.tls)
  const url = acs.serve('/fw.bin', order.image ?? newImage, order.serve)
  acs.ask(SERIAL, ...(order.calls?.(url) ?? [downloadCall('key-1', url)]))
  order.before?.(acs)
  const fleet = createFleet({
    acsUrl: acs.url,
    count: 1,
    seed: 7,
    timeScale: 0.001,
    faults: () => order.faults ?? {},
    ...order.fleet,
    device: { rebootMs: 20, flashMs: 5, ...order.fleet?.device },
  })
  const lines: RecordLine[] = []
  const waiting = new Set<() => void>()
  fleet.onRecord((line) => {
    lines.push(line)
    for (const check of waiting) check()
  })
  const untilTrue = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  const [device] = fleet.devices
  if (!device) throw new Error('no device')
  const bench: Bench = {
    acs,
    fleet,
    lines,
    happened: () => lines.map(({ what }) => what),
    until: (what, times = 1) => untilTrue(() => lines.filter((line) => line.what === what).length >= times),
    untilTrue,
    device,
    line: <What extends RecordLine['what']>(what: What) =>
      lines.find((line): line is Extract<RecordLine, { what: What }> => line.what === what),
    informs: () => acs.posts.filter(({ name }) => name === 'Inform').map(eventsOf),
    posted: () => acs.posts.map(({ name }) => name),
    state: () => {
      const [state] = fleet.states()
      if (!state) throw new Error('no device')
      return state
    },
  }
  benches.push(bench)
  fleet.start()
  return bench
}

/** Long enough for a device of the bench to do something it should not do. */
export function aWhile(ms = 150): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
