import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from '../bench/connection.ts'
import { createPlayer } from '../bench/play-session.ts'
import type { Sample } from './corpus.ts'
import { type FollowedLog, followLog } from './follow-log.ts'
import type { Options } from './options.ts'
import { placeCalls } from './place-calls.ts'
import { createMutants, type Tally } from './play-mutants.ts'
import { type Inventory, readInventory } from './read-inventory.ts'
import { type Memory, readMemory } from './read-memory.ts'
import { ORDINARY, type Stand, startStand } from './start-stand.ts'

/** The most between two ordinary sessions. */
const BATCH = 1_000
const READ_EVERY_MS = 25
const MANY = 20

export interface Findings {
  readonly options: Options
  readonly samples: number
  readonly tally: Tally
  readonly seconds: number
  /** Of the gateway, after the first tenth and at the end. */
  readonly memoryAfterTenth: Memory
  readonly memoryAtEnd: Memory
  readonly ordinarySessions: number
  readonly slowestOrdinaryMs: number
  /** An ordinary session failed, or a process ended: what it says. */
  readonly accidents: readonly string[]
  readonly inventory: Inventory
  readonly logs: ReadonlyMap<string, FollowedLog>
}

/** The mutants, batch by batch; between two, an ordinary device must find the gateway as it was. Stops early where much is broken. */
export async function tryGateway(
  corpus: readonly Sample[],
  options: Options,
  say: (line: string) => void,
): Promise<Findings> {
  const stand = await startStand(options.auth, options.lines)
  const logs = new Map([...stand.services].map(([name, { output }]) => [name, followLog(output)]))
  const reading = setInterval(() => logs.forEach((log) => log.read()), READ_EVERY_MS)
  const accidents: string[] = []
  stand.services.forEach(({ ended }, name) => {
    void ended.then((how) => accidents.push(`${name} ended: ${how}`))
  })
  const mutants = createMutants(corpus, stand, options)
  const { tally } = mutants
  const startedAt = performance.now()
  const batch = Math.min(BATCH, Math.ceil(options.mutants / 10))
  let [ordinarySessions, slowestOrdinaryMs] = [0, 0]
  let memoryAfterTenth: Memory | null = null
  try {
    for (let sent = 0; sent < options.mutants && accidents.length === 0 && tally.broken.length < MANY; sent += batch) {
      await placeCalls(stand.bus, stand.devices, sent / batch)
      await mutants.play(Math.min(batch, options.mutants - sent))
      const at = performance.now()
      await playOrdinary(stand, options.auth).catch((error: unknown) =>
        accidents.push(`an ordinary session: ${String(error)}`),
      )
      slowestOrdinaryMs = Math.max(slowestOrdinaryMs, performance.now() - at)
      ordinarySessions += 1
      if (sent + batch >= options.mutants / 10) memoryAfterTenth ??= await readMemory(stand.gateway)
      if ((sent / batch) % 10 === 9) say(`${sent + batch} mutants`)
    }
    await mutants.close()
    const seconds = (performance.now() - startedAt) / 1_000
    const inventory = await settledInventory(stand)
    const memoryAtEnd = await readMemory(stand.gateway)
    const { status } = await fetch(`${stand.adminUrl}/readyz`)
    if (status !== 200) accidents.push(`the gateway says it is not ready: ${status}`)
    logs.forEach((log) => log.read())
    return {
      options,
      samples: corpus.length,
      tally,
      seconds,
      memoryAfterTenth: memoryAfterTenth ?? memoryAtEnd,
      memoryAtEnd,
      ordinarySessions,
      slowestOrdinaryMs,
      accidents: [...accidents],
      inventory,
      logs,
    }
  } finally {
    clearInterval(reading)
    await stand.stop()
  }
}

/** Inform, InformResponse, empty POST, 204. */
async function playOrdinary({ port }: Stand, auth: 'none' | 'digest'): Promise<void> {
  const connection = await openConnection(port)
  try {
    const player = createPlayer(auth)
    await player.prepare(connection, ORDINARY)
    await player.play(connection, ORDINARY)
  } finally {
    connection.close()
  }
}

/** What was published is stored a moment later. */
async function settledInventory({ bus }: Stand): Promise<Inventory> {
  let inventory = await readInventory(bus)
  for (let tries = 0; tries < 30; tries += 1) {
    await sleep(500)
    const later = await readInventory(bus)
    if (later.devices === inventory.devices) return later
    inventory = later
  }
  throw new Error('the inventory goes on growing when nobody informs any more')
}
