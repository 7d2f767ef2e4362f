import type { Sql } from '@sluice/sql'
import { afterEach, describe, expect, test } from 'vitest'
import { type World, campaign, control, create, createWorld, go, succeed, upgrades } from './testing/world.ts'

/** What holds on the embedded database and on PostgreSQL alike. */
export function schedulerSuite(name: string, openSql?: () => Promise<Sql>): void {
  describe(name, () => {
    let world: World
    const open = async () => (world = await createWorld(openSql))
    afterEach(() => world.close())

    test('an upgrade is created, started, claimed and settled', async () => {
      await open()
      await world.scheduler()
      world.devices = world.devices.slice(0, 1)
      const planned = await create(world)
      expect(planned).toMatchObject({ state: 'ready', size: 1, counters: { pending: 1 } })
      await control(world, planned.campaignId, 'start')
      const [upgrade] = await upgrades(world, planned.campaignId)
      expect(upgrade).toMatchObject({ state: 'pending', waitsFor: 'contact', wave: 1 })

      const attemptId = await go(world, upgrade!)
      expect(await campaign(world, planned.campaignId)).toMatchObject({ counters: { pending: 0, inFlight: 1 } })
      await succeed(world, planned.campaignId, upgrade!.deviceKey, attemptId)
      expect(await campaign(world, planned.campaignId)).toMatchObject({
        state: 'finished',
        counters: { success: 1, inFlight: 0, unproven: 0 },
        outcomes: { verified: 1 },
      })
    })
  })
}
