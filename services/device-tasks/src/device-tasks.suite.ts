import { afterAll, beforeAll, describe } from 'vitest'
import { fleetSuite } from './fleet/fleet.suite.ts'
import { secretsSuite } from './secrets.suite.ts'
import { taskSuite } from './task/task.suite.ts'
import { type Ground, type Stand, createStand } from './testing/stand.ts'

/** What holds on the embedded parts and on NATS with PostgreSQL alike. */
export function deviceTasksSuite(name: string, open: () => Promise<Ground>): void {
  describe(name, () => {
    let stand: Stand
    beforeAll(async () => {
      stand = await createStand(await open())
      await stand.service()
    })
    afterAll(async () => {
      await stand.stop()
      await stand.close()
    })
    describe('tasks', () => taskSuite(() => stand))
    describe('secrets', () => secretsSuite(() => stand))
    describe('fleet tasks', () => fleetSuite(() => stand))
  })
}
