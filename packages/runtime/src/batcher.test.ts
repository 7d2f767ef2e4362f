import fc from 'fast-check'
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, test } from 'vitest'
import { createBatcher } from './batcher.ts'
import { createManualClock } from './manual-clock.ts'

describe('a batcher', () => {
  test('hands over what came within the wait, or as soon as a batch is full', async () => {
    const clock = createManualClock(0)
    const batches: number[][] = []
    const batcher = createBatcher<number, number>({
      maxItems: 3,
      waitMs: 5,
      run: async (items) => {
        batches.push([...items])
        return items.map((item) => item * 10)
      },
      clock,
    })
    const adding = [1, 2, 3, 4].map((item) => batcher.add(item))
    await clock.advance(0)
    expect(batches).toEqual([[1, 2, 3]])
    await clock.advance(5)
    expect(batches).toEqual([[1, 2, 3], [4]])
    expect(await Promise.all(adding)).toEqual([10, 20, 30, 40])
    expect(batcher.pending()).toBe(0)
    expect(clock.pending()).toBe(0)
  })

  test('without a wait gathers those who come while a batch runs', async () => {
    const gate = Promise.withResolvers<void>()
    const sizes: number[] = []
    const batcher = createBatcher<number, number>({
      maxItems: 10,
      waitMs: 0,
      run: async (items) => {
        sizes.push(items.length)
        await gate.promise
        return items
      },
    })
    const adding = [1, 2, 3, 4].map((item) => batcher.add(item))
    gate.resolve()
    await Promise.all(adding)
    expect(sizes).toEqual([1, 3])
  })

  test('rejects the item whose result is an error, and all of a batch that throws', async () => {
    const batcher = createBatcher<string, string>({
      maxItems: 3,
      waitMs: 0,
      run: async (items) => {
        if (items.includes('throw')) throw new Error('all')
        return items.map((item) => (item === 'bad' ? new Error('this one') : item))
      },
    })
    const first = batcher.add('alone')
    const outcomes = await Promise.allSettled([first, batcher.add('good'), batcher.add('bad')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    await expect(batcher.add('throw')).rejects.toThrow('all')
    await expect(batcher.add('again')).resolves.toBe('again')
  })

  test('refuses beyond its bound, and after its stop, which lets the rest end', async () => {
    const gate = Promise.withResolvers<void>()
    const batcher = createBatcher<number, number>({
      maxItems: 1,
      waitMs: 0,
      maxPending: 2,
      run: async (items) => {
        await gate.promise
        return items
      },
    })
    const adding = [batcher.add(1), batcher.add(2)]
    await expect(batcher.add(3)).rejects.toMatchObject({ code: 'overloaded' })
    const stopping = batcher.stop()
    await expect(batcher.add(4)).rejects.toMatchObject({ code: 'stopped' })
    gate.resolve()
    await stopping
    expect(await Promise.all(adding)).toEqual([1, 2])
  })

  test('runs no batch of others in the context of the caller that came first', async () => {
    const scope = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const batcher = createBatcher<number, number>({
      maxItems: 10,
      waitMs: 0,
      run: async (items) => {
        seen.push(scope.getStore())
        await Promise.resolve()
        return items
      },
    })
    const mine = scope.run('transaction', () => batcher.add(1))
    await Promise.all([mine, batcher.add(2), batcher.add(3)])
    expect(seen).toEqual(['transaction', undefined])
  })

  test('gives every item its own result, whatever comes when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 3 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 3 }),
        async (pauses, maxItems, maxRunning) => {
          const clock = createManualClock(0)
          const batcher = createBatcher<number, string>({
            maxItems,
            maxRunning,
            waitMs: 2,
            run: async (items) => {
              expect(items.length).toBeLessThanOrEqual(maxItems)
              await clock.sleep(items.length % 3)
              return items.map((item) => `r${item}`)
            },
            clock,
          })
          const results: Promise<string>[] = []
          for (const [index, pause] of pauses.entries()) {
            results.push(batcher.add(index))
            if (pause > 0) await clock.advance(pause)
          }
          await clock.advance(1_000)
          expect(await Promise.all(results)).toEqual(pauses.map((_, index) => `r${index}`))
          expect(batcher.pending()).toBe(0)
        },
      ),
      { numRuns: 40 },
    )
  })
})
