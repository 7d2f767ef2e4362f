import { afterAll, beforeAll, describe } from 'vitest'
import type { FirmwareVerifierSettings } from './parts.ts'
import { badInputs } from './testing/bad-input.suite.ts'
import { greedyImages, hostileImages } from './testing/hostile-images.suite.ts'
import { keyChains } from './testing/key-chains.suite.ts'
import { secondPersons } from './testing/second-person.suite.ts'
import { trustStores } from './testing/trust-store.suite.ts'
import { verdicts } from './testing/verdicts.suite.ts'
import { openWorld, type Stand, type World } from './testing/world.ts'

const HOSTILE_WORKER = new URL('./testing/hostile-worker.main.ts', import.meta.url)

/** The verifier on one kind of parts. */
export function firmwareVerifierSuite(name: string, open: () => Promise<Stand>): void {
  describe(name, () => {
    let hub: Stand
    beforeAll(async () => {
      hub = await open()
    })
    afterAll(() => hub.close())

    /** Tests on a verifier with settings of its own; they follow one another on the same database. */
    const on = (what: string, settings: Partial<FirmwareVerifierSettings>, tests: (world: () => World) => void) =>
      describe(what, () => {
        let world: World
        beforeAll(async () => {
          world = await openWorld(hub, settings)
        })
        afterAll(() => world.stop())
        tests(() => world)
      })

    on('verdicts', {}, verdicts)
    on('bad input', {}, badInputs)
    on('the trust store', {}, trustStores)
    on('keys that lean on one another', {}, keyChains)
    on('where a second person is asked for', { secondPerson: true }, secondPersons)
    on('images that want too much', { worker: HOSTILE_WORKER, deadlineMs: 120_000 }, greedyImages)
    on('images that do something to their reader', { worker: HOSTILE_WORKER, deadlineMs: 3_000 }, hostileImages)
  })
}
