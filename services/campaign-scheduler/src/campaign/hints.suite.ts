import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { TWO_WAVES, claim, control, go, running, succeed } from '../testing/drive.ts'
import type { World } from '../testing/world.ts'

const DAY = 86_400_000

/** Who is told that something waits for it, and how often. */
export function hintsSuite(open: () => Promise<World>): void {
  test('hints go out for the open wave and for no other', async () => {
    const world = await open()
    await world.scheduler({ sweepPageSize: 1 })
    const { all } = await running(world, 6, TWO_WAVES)
    const first = all.filter(({ wave }) => wave === 1)
    const hinted = () => world.placed.flatMap((item) => (item.op === 'put_task' ? [item.task.taskId] : []))
    await waitUntil(() => hinted().length >= 2)
    expect(hinted().toSorted()).toEqual(first.map(({ upgradeId }) => upgradeId).toSorted())
    const closed = all.find(({ wave }) => wave === 2)!
    expect(closed.waitsFor).toBe('wave_closed')
    expect(await claim(world, closed)).toMatchObject({ kind: 'not_before', reason: 'wave_closed' })
  })

  test('a resume hints again who was told to wait', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 3)
    const hints = () => world.placed.filter((item) => item.op === 'put_task' && item.task.kind === 'upgrade')
    await waitUntil(() => hints().length === 3)
    await go(world, all[0]!)
    await control(world, campaignId, 'pause')
    await control(world, campaignId, 'resume')
    await waitUntil(() => hints().length === 5)
  })

  test('who does not come is hinted again before gateways forget it, page by page, and each time once', async () => {
    const world = await open()
    await world.scheduler({ gateEveryMs: 20, sweepPageSize: 2, hintAgainRestMs: 20 })
    const { campaignId, all } = await running(world, 4)
    const [came, ...away] = all.map(({ upgradeId }) => upgradeId)
    const hinted = (upgradeId: string) =>
      world.placed.filter((item) => item.op === 'put_task' && item.task.taskId === upgradeId).length
    const untilHinted = (times: number) => waitUntil(() => away.every((upgradeId) => hinted(upgradeId) === times))
    const look = async () => {
      const [row] = await world.sql.query<{ at: number; sweeps: number }>(
        `select check_at as at, (select count(*) from scheduler.sweeps) as sweeps from scheduler.campaigns where campaign_id = $1`,
        [campaignId],
      )
      return row!
    }
    const looks = async () => {
      const { at } = await look()
      await waitUntil(async () => (await look()).at > at)
    }
    await untilHinted(1)
    await succeed(world, campaignId, all[0]!.deviceKey, await go(world, all[0]!))
    const cameHinted = hinted(came!)
    await looks()
    for (const times of [2, 3]) {
      world.clock.shift(30 * DAY)
      await untilHinted(times)
      await waitUntil(async () => (await look()).sweeps === 0)
      await looks()
      expect((await look()).sweeps).toBe(0)
    }
    expect(away.map(hinted)).toEqual([3, 3, 3])
    expect(hinted(came!)).toBe(cameHinted)
  })
}
