import type { Sql } from '@sluice/sql'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { campaignsSuite } from './campaign/campaigns.suite.ts'
import { closeSuite } from './campaign/close.suite.ts'
import { dynamicSuite } from './campaign/dynamic.suite.ts'
import { gatesSuite } from './campaign/gates.suite.ts'
import { harmSuite } from './campaign/harm.suite.ts'
import { hintsSuite } from './campaign/hints.suite.ts'
import { reportsSuite } from './campaign/reports.suite.ts'
import { planningSuite } from './campaign/planning.suite.ts'
import { releasesSuite } from './campaign/releases.suite.ts'
import { retrySuite } from './campaign/retry.suite.ts'
import { rollBackSuite } from './campaign/roll-back.suite.ts'
import { outageSuite } from './outage/outage.suite.ts'
import { recoverySuite } from './recovery.suite.ts'
import { retentionSuite } from './retention.suite.ts'
import { campaign, go, running, succeed, untilCampaign } from './testing/drive.ts'
import { judge } from './testing/judge.ts'
import { type World, closeEmbedded, createWorld } from './testing/world.ts'
import { backupsSuite } from './upgrade/backups.suite.ts'
import { capsSuite } from './upgrade/caps.suite.ts'
import { claimsSuite } from './upgrade/claims.suite.ts'
import { deliverySuite } from './upgrade/delivery.suite.ts'
import { factsSuite } from './upgrade/facts.suite.ts'
import { outcomesSuite } from './upgrade/outcomes.suite.ts'
import { interplaySuite } from './upgrade/interplay.suite.ts'
import { legsSuite } from './upgrade/legs.suite.ts'

/** What holds on the embedded database and on PostgreSQL alike. */
export function schedulerSuite(name: string, openSql?: () => Promise<Sql>): void {
  describe(name, () => {
    let world: World | undefined
    const open = async () => (world = await createWorld(openSql))
    const close = async () => {
      const closing = world
      world = undefined
      await closing?.close()
    }
    afterEach(close)
    afterAll(closeEmbedded)
    /** Whatever its tests are about, the history checker has nothing to say of what happened in each. */
    const judged = (suite: (open: () => Promise<World>) => void) => () => {
      afterEach(async () => {
        try {
          if (world !== undefined) expect(await judge(world)).toEqual([])
        } finally {
          // Whatever it says: schedulers that are left behind would work on what the next test writes.
          await close()
        }
      })
      suite(open)
    }

    test('an upgrade is created, started, claimed and settled', async () => {
      const here = await open()
      await here.scheduler()
      const { campaignId, all } = await running(here, 1)
      expect(all[0]).toMatchObject({ state: 'pending', waitsFor: 'contact', wave: 1 })
      const attemptId = await go(here, all[0]!)
      expect((await campaign(here, campaignId)).counters).toMatchObject({ pending: 0, inFlight: 1 })
      await succeed(here, campaignId, all[0]!.deviceKey, attemptId)
      const finished = await untilCampaign(here, campaignId, ({ state }) => state === 'finished')
      expect(finished.counters).toMatchObject({ success: 1, inFlight: 0, unproven: 0 })
      expect(finished.outcomes).toEqual({ verified: 1 })
    })
    describe('campaigns', judged(campaignsSuite))
    describe('harm', judged(harmSuite))
    describe('hints', judged(hintsSuite))
    describe('planning', judged(planningSuite))
    describe('dynamic campaigns', judged(dynamicSuite))
    describe('gates', judged(gatesSuite))
    // One of its tests writes a thousand rows that nobody decided.
    describe('reports', () => reportsSuite(open))
    describe('releases', judged(releasesSuite))
    describe('rollbacks', judged(rollBackSuite))
    describe('closing', judged(closeSuite))
    describe('retries', judged(retrySuite))
    describe('caps', judged(capsSuite))
    describe('claims', judged(claimsSuite))
    describe('backups', judged(backupsSuite))
    describe('facts', judged(factsSuite))
    describe('outcomes', judged(outcomesSuite))
    describe('legs', judged(legsSuite))
    describe('delivery', judged(deliverySuite))
    describe('interplay', judged(interplaySuite))
    describe('outages', judged(outageSuite))
    describe('recovery', judged(recoverySuite))
    // What was erased cannot be judged any more: its own tests compare the books.
    describe('retention', () => retentionSuite(open))
  })
}
