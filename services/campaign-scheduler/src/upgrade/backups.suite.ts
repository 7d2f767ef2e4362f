import type { Bus } from '@sluice/bus'
import { artifactResolve, uploadGrant, uploadReceived } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { history } from '../testing/books.ts'
import { ONE_WAVE, claim, claimReply, completed, observe, running, upgrades } from '../testing/drive.ts'
import type { World } from '../testing/world.ts'
import { backupIdOf } from './backup-step.ts'

const ids = createIds()
const RULE = { fileType: '1 Vendor Configuration File', required: true, waitMs: 3_600_000 }

export function backupsSuite(open: () => Promise<World>): void {
  test('a device puts its configuration before it is offered an image', async () => {
    const { world, upgrade } = await withBackup(open)
    const uploadId = backupIdOf(upgrade.upgradeId)
    expect(await claim(world, upgrade)).toMatchObject({ kind: 'backup', uploadId, url: 'http://files/u' })
    expect(await claim(world, upgrade)).toMatchObject({ kind: 'not_before', reason: 'backup' })
    expect((await upgrades(world, upgrade.campaignId))[0]).toMatchObject({ state: 'pending', waitsFor: 'backup' })

    world.placed.length = 0
    await receive(world, uploadId)
    const hinted = () => world.placed.some((one) => one.op === 'put_task' && one.task.taskId === upgrade.upgradeId)
    await waitUntil(hinted)
    expect((await claim(world, upgrade)).kind).toBe('go')
    expect(await history(world, upgrade.campaignId, 'upgrade.backup_asked')).toHaveLength(1)
    expect(await history(world, upgrade.campaignId, 'upgrade.backup_received')).toMatchObject([
      { actor: `device:${upgrade.deviceKey}`, data: { bytes: 4_096 } },
    ])
  })

  test('a backup that was required and does not come is asked for again', async () => {
    const needed = await withBackup(open)
    await claim(needed.world, needed.upgrade)
    needed.world.clock.shift(RULE.waitMs + 1)
    expect((await claim(needed.world, needed.upgrade)).kind).toBe('backup')
  })

  test('a backup that was wished for and does not come is given up', async () => {
    const wished = await withBackup(open, { ...RULE, required: false })
    await claim(wished.world, wished.upgrade)
    wished.world.clock.shift(RULE.waitMs + 1)
    expect((await claim(wished.world, wished.upgrade)).kind).toBe('go')
  })

  test('where there is no place to put it, the claim is refused and asked again', async () => {
    const { world, upgrade } = await withBackup(open)
    world.grantsUploads = false
    expect(await claimReply(world, upgrade)).toMatchObject({ ok: false })
    world.grantsUploads = true
    expect((await claim(world, upgrade)).kind).toBe('backup')
  })

  test('a backup that cannot be asked for costs the offers beside it nothing, not even time', async () => {
    const world = await open()
    let isAway = false
    const away = (db: Sql): Sql => ({
      ...db,
      transaction: (work) =>
        db.transaction((tx) =>
          work({
            query: async (text, values) => {
              if (isAway && text.includes('insert into scheduler.backups')) throw new Error('gone for a second')
              return tx.query(text, values)
            },
          }),
        ),
    })
    // The resolver answers about offers once it was asked for the grant: never, if that waits for its answer.
    const grantAsked = Promise.withResolvers<void>()
    const mutual = (bus: Bus): Bus => ({
      ...bus,
      async request(message, input, options) {
        if (isAway && message.name === uploadGrant.name) grantAsked.resolve()
        if (isAway && message.name === artifactResolve.name) await grantAsked.promise
        return bus.request(message, input, options)
      },
    })
    await world.scheduler({ gatherMs: 100 }, mutual, away)
    const { all } = await running(world, 2, { ...ONE_WAVE, backup: RULE })
    const [saved, waiting] = [all[0]!, all[1]!]
    await claim(world, saved)
    await receive(world, backupIdOf(saved.upgradeId))
    await waitUntil(
      async () => (await world.sql.query('select 1 from scheduler.backups where received_at > 0')).length > 0,
    )
    isAway = true
    const replies = await Promise.all([claimReply(world, saved), claimReply(world, waiting)])
    expect(replies).toMatchObject([
      { ok: true, data: { kind: 'go' } },
      { ok: false, error: { code: 'unavailable' } },
    ])
    isAway = false
    expect((await claim(world, waiting)).kind).toBe('backup')
  })

  test('the TransferComplete of a backup is never taken for that of an attempt', async () => {
    const { world, upgrade } = await withBackup(open)
    await claim(world, upgrade)
    await receive(world, backupIdOf(upgrade.upgradeId))
    await waitUntil(async () => (await claim(world, upgrade)).kind === 'go')
    await observe(world, { deviceKey: upgrade.deviceKey, fact: completed(backupIdOf(upgrade.upgradeId), 9_011) })
    const { deviceKey } = upgrade
    const attemptId = (await upgrades(world, upgrade.campaignId))[0]!.attemptId!
    await observe(world, { deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } })
    await waitUntil(async () => (await upgrades(world, upgrade.campaignId))[0]!.state === 'accepted')
    expect((await upgrades(world, upgrade.campaignId))[0]!.faultCode).toBeNull()
  })
}

async function withBackup(open: () => Promise<World>, backup = RULE) {
  const world = await open()
  await world.scheduler()
  const { campaignId, all } = await running(world, 1, { ...ONE_WAVE, backup })
  return { world, upgrade: { ...all[0]!, campaignId } }
}

async function receive(world: World, uploadId: string): Promise<void> {
  const data = { uploadId, bytes: 4_096, sha256: 'a'.repeat(64), at: new Date(world.clock.now()).toISOString() }
  await world.bus.publish(uploadReceived, [{ id: ids.event(), key: uploadId, data }])
}
