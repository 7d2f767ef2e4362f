import {
  type DataOf,
  type EventMessage,
  answered,
  artifactRevoked,
  attemptObserved,
  deviceCredential,
  refused,
  transferStopsChanged,
} from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { SqlError } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Bus, IncomingEvent, OutgoingEvent } from './bus.ts'
import type { RetryRule } from './retry-rule.ts'

/** One transport, empty, with retries that are quick. */
export interface BusStand {
  bus(service: string): Promise<Bus>
  /** Stores an event past all checks. */
  putRaw(
    message: EventMessage,
    event: { readonly id: string; readonly key: string; readonly body: string },
  ): Promise<void>
  deadLetters(): Promise<readonly { readonly id: string; readonly reason: string }[]>
  /** Events that a service has not acknowledged. */
  pending(service: string, message: EventMessage): Promise<number>
  /** Subscriptions and the like that still stand. */
  standing(): Promise<number>
  close(): Promise<void>
}

export const QUICK_RETRIES: RetryRule = { firstMs: 20, longestMs: 40, maxDeliveries: 3 }

const ids = createIds()
type Revoked = DataOf<typeof artifactRevoked>

export function revocation(reason: string): OutgoingEvent<Revoked> {
  const artifactId = ids.artifact()
  return { id: ids.event(), key: artifactId, data: { artifactId, reason, actor: 'operator:test' } }
}
const revocations = (count: number): OutgoingEvent<Revoked>[] =>
  Array.from({ length: count }, (_, index) => revocation(`r${index}`))
const reasons = (batch: readonly IncomingEvent<Revoked>[]): string[] => batch.map(({ data }) => data.reason)
const deviceKey = `dev_${'a'.repeat(26)}`

export function busSuite(name: string, open: () => Promise<BusStand>): void {
  describe(`the bus over ${name}`, () => {
    let stand: BusStand
    let publisher: Bus
    beforeEach(async () => {
      stand = await open()
      publisher = await stand.bus('artifact-resolver')
    })
    afterEach(() => stand.close())

    describe('stored events', () => {
      test('reach every consuming service with all their attributes', async () => {
        const heard: Record<string, IncomingEvent<Revoked>[]> = {}
        for (const service of ['artifact-resolver', 'campaign-scheduler']) {
          const bus = await stand.bus(service)
          await bus.consume(artifactRevoked, async (batch) => void (heard[service] ??= []).push(...batch))
        }
        const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
        const event = { ...revocation('leaked key \u0000 ü'), traceparent }
        await publisher.publish(artifactRevoked, [event])
        await waitUntil(() => Object.keys(heard).length === 2)
        const expected = {
          id: event.id,
          name: 'artifact.revoked',
          source: 'artifact-resolver',
          data: event.data,
          traceparent,
        }
        expect(heard).toMatchObject({ 'artifact-resolver': [expected], 'campaign-scheduler': [expected] })
      })

      test('published before anybody consumed are delivered in the order of their publishing', async () => {
        await publisher.publish(artifactRevoked, revocations(300))
        const heard: string[] = []
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(artifactRevoked, async (batch) => void heard.push(...reasons(batch)), { maxBatch: 50 })
        await waitUntil(() => heard.length >= 300)
        expect(heard).toEqual(Array.from({ length: 300 }, (_, index) => `r${index}`))
      })

      test('come in batches no larger than wanted', async () => {
        await publisher.publish(artifactRevoked, revocations(40))
        const sizes: number[] = []
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(artifactRevoked, async (batch) => void sizes.push(batch.length), { maxBatch: 8 })
        await waitUntil(() => sizes.reduce((sum, size) => sum + size, 0) >= 40)
        expect(Math.max(...sizes)).toBe(8)
      })

      test('come again when the handler throws, and are gone once it resolved', async () => {
        const heard: string[] = []
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(artifactRevoked, async (batch) => {
          heard.push(...reasons(batch))
          if (heard.length === 1) throw new Error('the database is away')
        })
        await publisher.publish(artifactRevoked, [revocation('x')])
        await waitUntil(() => heard.length >= 2)
        await waitUntil(async () => (await stand.pending('campaign-scheduler', artifactRevoked)) === 0)
        expect(heard).toEqual(['x', 'x'])
      })

      test('that fail do not hold up the ones behind them', async () => {
        const done: string[] = []
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(
          artifactRevoked,
          async (batch) => {
            if (reasons(batch).includes('r0')) throw new Error('poisoned')
            done.push(...reasons(batch))
          },
          { maxBatch: 1 },
        )
        await publisher.publish(artifactRevoked, revocations(20))
        await waitUntil(() => done.length === 19)
      })

      test('fault 49: handed over too often become dead letters with their reason', async () => {
        let calls = 0
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(artifactRevoked, async () => {
          calls += 1
          throw new Error('never')
        })
        const event = revocation('x')
        await publisher.publish(artifactRevoked, [event])
        await waitUntil(async () => (await stand.deadLetters()).length > 0)
        expect(calls).toBe(QUICK_RETRIES.maxDeliveries)
        const [letter] = await stand.deadLetters()
        expect(letter?.id).toBe(event.id)
        expect(letter?.reason).toContain('never')
        await waitUntil(async () => (await stand.pending('campaign-scheduler', artifactRevoked)) === 0)
      })

      test('whose handler lacks a part are tried until it is back, however often that is, in company that does not wait', async () => {
        let calls = 0
        const done: string[] = []
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(
          artifactRevoked,
          async (batch) => {
            if (reasons(batch).includes('r0') && ++calls <= 4 * QUICK_RETRIES.maxDeliveries) {
              throw new SqlError('unavailable', 'the database is away')
            }
            done.push(...reasons(batch))
          },
          { maxBatch: 4 },
        )
        await publisher.publish(artifactRevoked, revocations(20))
        await waitUntil(() => done.includes('r0'))
        await waitUntil(async () => (await stand.pending('campaign-scheduler', artifactRevoked)) === 0)
        expect(done.toSorted()).toEqual(Array.from({ length: 20 }, (_, index) => `r${index}`).toSorted())
        expect(await stand.deadLetters()).toEqual([])
      })

      test('that wait for a part are given to another replica when theirs stops', async () => {
        const heard: string[] = []
        const [first, second] = [await stand.bus('campaign-scheduler'), await stand.bus('campaign-scheduler')]
        let calls = 0
        const stop = await first.consume(artifactRevoked, async () => {
          calls += 1
          throw new SqlError('unavailable', 'the database is away')
        })
        await publisher.publish(artifactRevoked, [revocation('x')])
        await waitUntil(() => calls >= 2)
        await stop()
        await second.consume(artifactRevoked, async (batch) => void heard.push(...reasons(batch)))
        await waitUntil(() => heard.length === 1)
      })

      test('that do not fit their schema are moved to the dead letters unseen', async () => {
        const heard: string[] = []
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(artifactRevoked, async (batch) => void heard.push(...reasons(batch)))
        await stand.putRaw(artifactRevoked, { id: ids.event(), key: 'all', body: '{"artifactId":7}' })
        await stand.putRaw(artifactRevoked, { id: ids.event(), key: 'all', body: 'no json' })
        await publisher.publish(artifactRevoked, [revocation('good')])
        await waitUntil(async () => heard.length === 1 && (await stand.deadLetters()).length >= 2)
        const found = (await stand.deadLetters()).map(({ reason }) => reason)
        expect(found.some((reason) => reason.includes('schema'))).toBe(true)
        expect(found.some((reason) => reason.includes('no JSON'))).toBe(true)
        expect(heard).toEqual(['good'])
      })

      test('fault 60: of the next version are taken without what it adds, and set aside where it means what nobody knows', async () => {
        const { data } = revocation('with more')
        const more = JSON.stringify({ ...data, since: 'the next version', nested: { any: [1] } })
        await stand.putRaw(artifactRevoked, { id: ids.event(), key: 'all', body: more })
        const observed = (fact: object) =>
          JSON.stringify({ items: [{ id: ids.observation(), at: '2026-01-01T00:00:00.000Z', deviceKey, fact }] })
        const informed = { kind: 'informed', softwareVersion: '1', events: [] }
        for (const fact of [informed, { kind: 'teleported', to: 'mars' }, { ...informed, mood: 'good' }]) {
          await stand.putRaw(attemptObserved, { id: ids.event(), key: '00', body: observed(fact) })
        }
        // What is put past the bus rings for nobody in the embedded one: it lies there when they begin.
        const heard: string[] = []
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(artifactRevoked, async (batch) => void heard.push(...reasons(batch)))
        const kinds: string[] = []
        await consumer.consume(attemptObserved, async (batch) => {
          for (const { data } of batch) kinds.push(...data.items.map(({ fact }) => fact.kind))
        })
        await waitUntil(
          async () => heard.length === 1 && kinds.length === 2 && (await stand.deadLetters()).length === 1,
        )
        expect([heard, kinds]).toEqual([['with more'], ['informed', 'informed']])
        expect((await stand.deadLetters())[0]?.reason).toContain('schema')
      })

      test('are shared between replicas, each event handled by one of them', async () => {
        const heard: string[][] = [[], []]
        for (const mine of heard) {
          const replica = await stand.bus('campaign-scheduler')
          await replica.consume(
            artifactRevoked,
            async (batch) => {
              mine.push(...reasons(batch))
              await new Promise((resolve) => void setTimeout(resolve, 5))
            },
            { maxBatch: 5 },
          )
        }
        await publisher.publish(artifactRevoked, revocations(200))
        await waitUntil(() => heard.flat().length >= 200)
        expect(new Set(heard.flat()).size).toBe(200)
        expect(heard.flat()).toHaveLength(200)
        expect(heard.every((mine) => mine.length > 0)).toBe(true)
      })

      test('fault 47: published twice under one id are delivered once', async () => {
        const event = revocation('once')
        await publisher.publish(artifactRevoked, [event])
        await publisher.publish(artifactRevoked, [event, revocation('other')])
        const heard: string[] = []
        const consumer = await stand.bus('campaign-scheduler')
        await consumer.consume(artifactRevoked, async (batch) => void heard.push(...reasons(batch)))
        await waitUntil(() => heard.includes('other'))
        expect(heard).toEqual(['once', 'other'])
      })

      test('wait for a consumer that stopped, whose last batch was let to its end', async () => {
        const heard: string[] = []
        const begun = Promise.withResolvers<void>()
        const mayEnd = Promise.withResolvers<void>()
        const first = await stand.bus('campaign-scheduler')
        const stop = await first.consume(
          artifactRevoked,
          async (batch) => {
            begun.resolve()
            await mayEnd.promise
            heard.push(...reasons(batch))
          },
          { maxBatch: 2 },
        )
        await publisher.publish(artifactRevoked, revocations(6))
        await begun.promise
        let stopped = false
        const stopping = stop().then(() => (stopped = true))
        await new Promise((resolve) => void setTimeout(resolve, 30))
        expect(stopped).toBe(false)
        mayEnd.resolve()
        await stopping
        const before = heard.length
        expect(before).toBeLessThanOrEqual(2)

        const second = await stand.bus('campaign-scheduler')
        await second.consume(artifactRevoked, async (batch) => void heard.push(...reasons(batch)))
        await waitUntil(() => heard.length >= 6)
        expect(new Set(heard).size).toBe(6)
      })

      test('are refused where key, id or data may not travel, and none of their company is stored', async () => {
        const wrong = [
          { ...revocation('x'), key: 'a.b' },
          { ...revocation('x'), key: '>' },
          { ...revocation('x'), id: 'two words' },
          { ...revocation('x'), data: { artifactId: 'art_no', reason: 'x', actor: 'x' } },
        ]
        for (const event of wrong) {
          const publishing = publisher.publish(artifactRevoked, [revocation('good'), event])
          await expect(publishing).rejects.toMatchObject({ name: 'BusError', code: 'invalid_event' })
        }
        expect(await stand.pending('campaign-scheduler', artifactRevoked)).toBe(0)
      })

      test('cannot be consumed by a service that the contract does not name', async () => {
        const stranger = await stand.bus('cwmp-gateway')
        await expect(stranger.consume(artifactRevoked, async () => {})).rejects.toMatchObject({ code: 'topology' })
      })
    })

    describe('live events', () => {
      const stops = (count: number): DataOf<typeof transferStopsChanged> => ({
        campaignIds: Array.from({ length: count }, () => ids.campaign()),
        artifactIds: [],
      })

      test('reach every listener there is, each with an object of its own', async () => {
        const heard: DataOf<typeof transferStopsChanged>[][] = [[], []]
        for (const mine of heard) {
          const bus = await stand.bus('file-server')
          await bus.listen(transferStopsChanged, ({ data }) => {
            mine.push(structuredClone(data))
            data.campaignIds.length = 0
          })
        }
        const data = stops(2)
        publisher.announce(transferStopsChanged, [{ id: ids.event(), key: 'all', data }])
        await waitUntil(() => heard.every((mine) => mine.length === 1))
        expect(heard).toEqual([[data], [data]])
        expect(data.campaignIds).toHaveLength(2)
      })

      test('are not heard after the stop, and a throwing listener disturbs nobody', async () => {
        const heard: string[] = []
        const bus = await stand.bus('file-server')
        const stop = await bus.listen(transferStopsChanged, () => void heard.push('stopped'))
        await stop()
        await bus.listen(transferStopsChanged, () => {
          throw new Error('no')
        })
        await bus.listen(transferStopsChanged, () => void heard.push('there'))
        publisher.announce(transferStopsChanged, [{ id: ids.event(), key: 'all', data: stops(0) }])
        await waitUntil(() => heard.length > 0)
        expect(heard).toEqual(['there'])
      })
    })

    describe('requests', () => {
      const ask = (bus: Bus, realm: string, deadlineMs?: number) =>
        bus.request(deviceCredential, { deviceKey, realm }, deadlineMs === undefined ? {} : { deadlineMs })
      const known = (username: string) =>
        answered({
          kind: 'known' as const,
          candidates: [{ role: 'own' as const, username, ha1: 'a'.repeat(32) }],
        })
      let asker: Bus
      let server: Bus
      beforeEach(async () => {
        asker = await stand.bus('cwmp-gateway')
        server = await stand.bus('device-registry')
      })

      test('are answered, each with its own reply', async () => {
        await server.serve(deviceCredential, async (batch) => batch.map(({ input }) => known(input.realm)))
        const replies = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(asker, `realm${index}`)))
        expect(replies).toEqual(Array.from({ length: 50 }, (_, index) => known(`realm${index}`)))
      })

      test('that nobody serves are unavailable at once', async () => {
        expect(await ask(asker, 'x')).toMatchObject({ ok: false, error: { code: 'unavailable' } })
      })

      test('that are not answered in time end with deadline_exceeded', async () => {
        const never = Promise.withResolvers<void>()
        await server.serve(deviceCredential, async () => {
          await never.promise
          return []
        })
        expect(await ask(asker, 'x', 60)).toMatchObject({ ok: false, error: { code: 'deadline_exceeded' } })
        never.resolve()
      })

      test('that do not fit never reach the service', async () => {
        let calls = 0
        await server.serve(deviceCredential, async (batch) => {
          calls += 1
          return batch.map(() => known('x'))
        })
        const reply = await asker.request(deviceCredential, { deviceKey: 'dev_no', realm: 'x' })
        expect(reply).toMatchObject({ ok: false, error: { code: 'invalid_request' } })
        expect(calls).toBe(0)
      })

      test('that are too large are not sent', async () => {
        const reply = await asker.request(deviceCredential, { deviceKey, realm: 'x'.repeat(1_100_000) })
        expect(reply).toMatchObject({ ok: false, error: { code: 'too_large' } })
      })

      test('whose service throws, or answers nonsense, are internal and tell no details', async () => {
        await server.serve(deviceCredential, async (batch) => {
          if (batch[0]?.input.realm === 'throw') throw new Error('secret details')
          if (batch[0]?.input.realm === 'few') return []
          return [answered({ kind: 'known', candidates: [{ role: 'own', username: 'x', ha1: 'nonsense' }] })]
        })
        for (const realm of ['throw', 'few', 'nonsense']) {
          const reply = await ask(asker, realm)
          expect(reply).toMatchObject({ ok: false, error: { code: 'internal' } })
          expect(JSON.stringify(reply)).not.toContain('secret')
        }
      })

      test('carry refusals over as they were given', async () => {
        await server.serve(deviceCredential, async (batch) => batch.map(() => refused('conflict', 'as said')))
        expect(await ask(asker, 'x')).toEqual(refused('conflict', 'as said'))
      })

      test('are gathered into batches where the service wants that', async () => {
        const sizes: number[] = []
        await server.serve(
          deviceCredential,
          async (batch) => {
            sizes.push(batch.length)
            return batch.map(({ input }) => known(input.realm))
          },
          { gatherMs: 20, maxBatch: 16 },
        )
        const replies = await Promise.all(Array.from({ length: 48 }, (_, index) => ask(asker, `realm${index}`)))
        expect(replies.every(({ ok }) => ok)).toBe(true)
        expect(Math.max(...sizes)).toBe(16)
        expect(sizes.length).toBeLessThan(12)
      })

      test('are shared between replicas', async () => {
        const counts = [0, 0]
        for (const index of [0, 1]) {
          const replica = await stand.bus('device-registry')
          await replica.serve(deviceCredential, async (batch) => {
            counts[index]! += batch.length
            return batch.map(() => known('x'))
          })
        }
        for (let index = 0; index < 60; index++) await ask(asker, 'x')
        expect(counts[0]! + counts[1]!).toBe(60)
        expect(Math.min(...counts)).toBeGreaterThan(0)
      })

      test('under way are answered before a stop ends; later ones find nobody', async () => {
        const begun = Promise.withResolvers<void>()
        const mayEnd = Promise.withResolvers<void>()
        const stop = await server.serve(deviceCredential, async (batch) => {
          begun.resolve()
          await mayEnd.promise
          return batch.map(() => known('x'))
        })
        const asked = ask(asker, 'x')
        await begun.promise
        const stopping = stop()
        mayEnd.resolve()
        await stopping
        expect(await asked).toEqual(known('x'))
        expect(await ask(asker, 'y')).toMatchObject({ ok: false, error: { code: 'unavailable' } })
      })
    })

    describe('closing', () => {
      test('leaves nothing standing, and refuses what comes after', async () => {
        const before = await stand.standing()
        const bus = await stand.bus('campaign-scheduler')
        await bus.consume(artifactRevoked, async () => {})
        await bus.listen(transferStopsChanged, () => {})
        expect(await stand.standing()).toBeGreaterThan(before)
        await bus.close()
        await waitUntil(async () => (await stand.standing()) === before)
        expect(bus.status()).toBe('down')
        await expect(bus.publish(artifactRevoked, [revocation('x')])).rejects.toMatchObject({ code: 'closed' })
      })

      test('waits for the batch that is being handled', async () => {
        const begun = Promise.withResolvers<void>()
        let ended = false
        const bus = await stand.bus('campaign-scheduler')
        await bus.consume(artifactRevoked, async () => {
          begun.resolve()
          await new Promise((resolve) => void setTimeout(resolve, 40))
          ended = true
        })
        await publisher.publish(artifactRevoked, [revocation('x')])
        await begun.promise
        await bus.close()
        expect(ended).toBe(true)
        expect(await stand.pending('campaign-scheduler', artifactRevoked)).toBe(0)
      })
    })
  })
}
