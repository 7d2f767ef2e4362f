import { type Bus, type Stop, isRefusedForGood, publishOutbox, watchOutbox } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import { type Sql, createJournal, createRelay, migrate } from '@sluice/sql'
import { createPlanner } from './campaign/planner.ts'
import { type SchedulerSettings, defaultSettings } from './config.ts'
import { serveAll } from './handlers.ts'
import { createMetrics, showBacklogs, showOwnership } from './observability.ts'
import { excuseOutages } from './outage/excuse-outage.ts'
import { createPulse } from './outage/pulse.ts'
import { createOwnership } from './ownership.ts'
import { type Parts, SERVICE } from './parts.ts'
import { reconcile } from './reconcile.ts'
import { forgetOld } from './retention.ts'
import { createBacklogReader } from './store/backlogs.ts'
import { schedulerSchema } from './store/schema.ts'
import type { TakenRow } from './store/owners.ts'
import { tick, tickOutside, tickPlans } from './tick.ts'
import { type Ticker, createTicker } from '@sluice/runtime'

export interface SchedulerParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** What is left out takes the default. */
  readonly settings?: Partial<SchedulerSettings>
}

export interface Scheduler {
  /** Migrates, takes campaigns, then serves; replicas may start side by side. */
  start(): Promise<void>
  /** Takes no more, and resolves once what is under way has ended. The parts it was given stay open. */
  stop(): Promise<void>
}

export function createScheduler({ sql, bus, clock, ids, log, settings }: SchedulerParts): Scheduler {
  const journal = createJournal(schedulerSchema.schema)
  const relay = createRelay({
    sql,
    journal,
    clock,
    publish: publishOutbox(bus),
    onTrouble: (error) => log.warn({ err: error }, 'journal.relay.trouble'),
    isRefusedForGood,
    onRefused: ({ id, name }, err) => log.error({ err, event_id: id, event_name: name }, 'journal.relay.event_refused'),
  })
  const moved = new Set<string>()
  const ticker = createTicker(() => tick(parts, moved))
  const planTicker = createTicker(() => tickPlans(parts))
  const outsideTicker = createTicker(() => tickOutside(parts))
  const planner = createPlanner(() => parts)
  const all: SchedulerSettings = { ...defaultSettings, ...settings }
  const excuse = (sayAlive: () => Promise<void>) => excuseOutages(parts, sayAlive)
  const pulse = createPulse({ sql, journal, bus, clock, ids, settings: all, excuse })
  const pulseTicker = createTicker(() => beatOnce(parts))
  const ownership = createOwnership({ sql, log, settings: all })
  const fromDead = new Set<string>()
  const reconcileTicker = createTicker(() => reconcileNext(parts, fromDead))
  const ownerTicker = createTicker(() => shareOut(parts, fromDead, reconcileTicker))
  const forgetTicker = createTicker(() => forgetPage(parts))
  const parts: Parts = {
    sql,
    journal,
    bus,
    clock,
    ids,
    log,
    metrics: createMetrics(),
    settings: all,
    pulse,
    ownership,
    planner,
    wakeRelay: () => relay.wake(),
    wakeSweeps: () => ticker.wake(),
    wakePlans: () => planTicker.wake(),
    wakeOutside: () => outsideTicker.wake(),
    campaignMoved: (campaignId) => void moved.add(campaignId),
  }
  const stops: Stop[] = []

  return {
    async start() {
      await migrate(sql, schedulerSchema)
      await takeOver(parts, fromDead)
      stops.push(() => handOver(parts))
      // Before the first fact: what was under way while nobody was at work is excused for that time.
      await pulse.beat()
      const hideBacklogs = showBacklogs(createBacklogReader(parts))
      stops.push(
        async () => hideBacklogs(),
        watchOutbox(SERVICE, () => journal.backlog(sql), clock),
      )
      const hideOwnership = showOwnership(() => ownership.figures())
      stops.push(async () => hideOwnership())
      relay.start()
      stops.push(() => relay.stop())
      stops.push(await serveAll(parts))
      const cancels = [
        clock.every(all.tickMs, () => ticker.wake()),
        clock.every(all.beatMs, () => pulseTicker.wake()),
        clock.every(all.beatMs, () => ownerTicker.wake()),
        clock.every(all.forgetEveryMs, () => forgetTicker.wake()),
      ]
      stops.push(async () => {
        for (const cancel of cancels) cancel()
        await Promise.all([
          ticker.stop(),
          planTicker.stop(),
          planner.stop(),
          outsideTicker.stop(),
          pulseTicker.stop(),
          ownerTicker.stop(),
          reconcileTicker.stop(),
          forgetTicker.stop(),
        ])
      })
      ticker.wake()
      reconcileTicker.wake()
    },
    async stop() {
      for (const stop of stops.splice(0).toReversed()) await stop()
    },
  }
}

/** A beat that fails is no beat: what that means is seen at the next one that does not. */
async function beatOnce({ pulse, log }: Parts): Promise<boolean> {
  await pulse.beat().catch((error: unknown) => log.warn({ err: error }, 'scheduler.beat.failed'))
  return false
}

/** A page that fails is tried again with the next look. */
async function forgetPage(parts: Parts): Promise<boolean> {
  return forgetOld(parts).catch((error: unknown) => {
    parts.log.error({ err: error }, 'history.forget.failed')
    return false
  })
}

/** Campaigns of who died are noted, to be looked at beside the beats: a lease does not wait for a count. */
async function takeOver({ ownership }: Parts, fromDead: Set<string>): Promise<readonly TakenRow[]> {
  const taken = await ownership.beat()
  for (const one of taken) if (one.fromDead) fromDead.add(one.campaignId)
  return taken
}

/** One campaign; true: there are more. */
async function reconcileNext(parts: Parts, fromDead: Set<string>): Promise<boolean> {
  const [campaignId] = fromDead
  if (campaignId === undefined) return false
  fromDead.delete(campaignId)
  await reconcile(parts, campaignId)
  return fromDead.size > 0
}

/** A beat that fails is made up for by the next one. */
async function shareOut(parts: Parts, fromDead: Set<string>, reconciler: Ticker): Promise<boolean> {
  try {
    const taken = await takeOver(parts, fromDead)
    if (taken.length > 0) {
      reconciler.wake()
      parts.metrics.taken.add(taken.length)
      parts.wakeSweeps()
      parts.wakePlans()
    }
  } catch (error) {
    parts.log.warn({ err: error }, 'scheduler.ownership.failed')
  }
  return false
}

/** Without the database nothing can be handed over: others take it when our lease is over. */
async function handOver({ ownership, log }: Parts): Promise<void> {
  await ownership.leave().catch((error: unknown) => log.warn({ err: error }, 'scheduler.ownership.failed'))
}
