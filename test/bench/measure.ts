import { setTimeout as sleep } from 'node:timers/promises'
import type { Authentication } from './play-session.ts'
import { processorTime } from './processor-time.ts'
import type { Driver, DriverOrder, DriverResult } from './start-driver.ts'

/** One kind of server under the same load. */
export interface Variant {
  readonly name: string
  readonly port: number
  readonly authentication: Authentication
  /** The processes that pay for it, by name. */
  readonly pids: Readonly<Record<string, number>>
}

export interface Round extends DriverResult {
  /** CPU seconds per 1,000 sessions, by process, until the last of what the sessions caused was done. */
  readonly cpu: Readonly<Record<string, number>>
  readonly cpuTotal: number
  readonly driverCpu: number
}

export interface Measured {
  readonly variant: string
  /** As many sessions as the variant manages. */
  readonly rounds: readonly Round[]
  /** The same number of sessions a second for every variant, in the same turns. */
  readonly paced: readonly Round[]
  /** Of sessions at `UNHURRIED` a second, when nothing queues: in ms. */
  readonly unhurried: { readonly p50: number; readonly p99: number }
}

export interface Load {
  readonly seconds: number
  /** Sessions a second of the paced rounds. */
  readonly pace: number
  readonly devices: number
  readonly connections: number
  readonly pooled: boolean
}

export const UNHURRIED = 100

/** The variants in turns, so that what else the machine does falls on all of them. */
export async function measure(
  variants: readonly Variant[],
  driver: Driver,
  settings: Load & { readonly rounds: number },
  say: (line: string) => void,
): Promise<Measured[]> {
  const rounds = variants.map(() => [] as Round[])
  const paced = variants.map(() => [] as Round[])
  for (let round = 1; round <= settings.rounds; round += 1) {
    for (const [index, variant] of variants.entries()) {
      const measured = await measureOnce(variant, driver, settings)
      rounds[index]!.push(measured)
      say(`round ${round}, ${variant.name}: ${measured.sessions} sessions`)
    }
    for (const [index, variant] of variants.entries()) {
      paced[index]!.push(await measureOnce(variant, driver, settings, settings.pace))
    }
  }
  const all: Measured[] = []
  for (const [index, variant] of variants.entries()) {
    const { p50, p99 } = await driver.drive({ ...orderOf(variant, settings), rate: UNHURRIED })
    all.push({ variant: variant.name, rounds: rounds[index]!, paced: paced[index]!, unhurried: { p50, p99 } })
  }
  return all
}

async function measureOnce(variant: Variant, driver: Driver, load: Load, rate?: number): Promise<Round> {
  const { pids } = variant
  const timesOf = () => Object.values(pids).map(processorTime)
  const before = timesOf()
  const driverBefore = processorTime(driver.pid)
  const driven = await driver.drive({ ...orderOf(variant, load), ...(rate === undefined ? {} : { rate }) })
  const driverTime = processorTime(driver.pid) - driverBefore
  await untilQuiet(timesOf)
  const after = timesOf()
  const perThousand = (time: number) => (time * 1_000) / Math.max(1, driven.sessions)
  const cpu = Object.keys(pids).map((name, index) => [name, perThousand(after[index]! - before[index]!)] as const)
  return {
    ...driven,
    cpu: Object.fromEntries(cpu),
    cpuTotal: cpu.reduce((sum, [, time]) => sum + time, 0),
    driverCpu: perThousand(driverTime),
  }
}

function orderOf({ port, authentication }: Variant, { seconds, devices, connections, pooled }: Load): DriverOrder {
  return { port, authentication, connections, pooled, devices, until: { seconds } }
}

/** The inventory works its informs off behind the sessions: that is paid by the sessions that caused it. */
async function untilQuiet(timesOf: () => number[]): Promise<void> {
  const sum = () => timesOf().reduce((total, time) => total + time, 0)
  let last = sum()
  for (let calm = 0, looks = 0; calm < 2 && looks < 50; looks += 1) {
    await sleep(100)
    const now = sum()
    calm = now - last < 0.03 ? calm + 1 : 0
    last = now
  }
}
