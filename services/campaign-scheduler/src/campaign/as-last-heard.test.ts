import { deviceChanged } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { freshDatabase, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, expect, inject, test } from 'vitest'
import { create, untilCampaign, upgrades } from '../testing/drive.ts'
import { createHeldSql, untilItCannotGoOn } from '../testing/held-sql.ts'
import { type World, closeEmbedded, createWorld, someDevices } from '../testing/world.ts'

// Two transactions at once: the embedded database has one connection.

/** Where a page has looked for what was heard of its devices, and written none yet. */
const LOOKED_FOR_CHANGES = /from scheduler\.device_changes where device_key = any/

let world: World | undefined
afterEach(() => world?.close())
afterAll(closeEmbedded)

test('a device that moves while its page is being written follows once that is committed', async () => {
  const here = await createWorld(async () => connectPostgres({ url: await freshDatabase(inject('postgresUrl')) }))
  world = here
  const held = createHeldSql()
  await here.scheduler({}, undefined, held.sql)
  here.devices = someDevices(3)
  const looked = held.hold(LOOKED_FOR_CHANGES)
  const created = create(here)
  await looked
  const { deviceKey } = here.devices[1]!
  const id = createIds().event()
  const at = new Date().toISOString()
  const items = [{ kind: 'moved' as const, deviceKey, site: 'olt-7', zone: null, at }]
  await here.registry.publish(deviceChanged, [{ id, key: '00', data: { items } }])
  const heard = waitUntil(
    async () => (await here.sql.query(`select 1 from scheduler.journal where id = $1`, [id])).length > 0,
  )
  await untilItCannotGoOn(here.sql, heard)
  held.release()
  const [{ campaignId }] = await Promise.all([created, heard])
  await untilCampaign(here, campaignId, ({ state }) => state === 'ready')
  const moved = (await upgrades(here, campaignId)).filter(({ site }) => site === 'olt-7')
  expect(moved.map((one) => one.deviceKey)).toEqual([deviceKey])
})
