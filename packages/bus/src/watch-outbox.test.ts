import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createManualClock, startTelemetry } from '@sluice/runtime'
import type { Backlog } from '@sluice/sql'
import { afterAll, expect, test } from 'vitest'
import { watchOutbox } from './watch-outbox.ts'

const telemetry = await startTelemetry({ service: 'test' })
const server = createServer((request, response) => telemetry.metrics(request, response))
afterAll(async () => {
  server.close()
  await telemetry.stop()
})

test('an outbox’s backlog, age and refusals are gauges, read anew at most every ten seconds, and no number while nobody can tell', async () => {
  const clock = createManualClock(100_000)
  let reads = 0
  let found: Backlog | undefined = { unpublished: 3, oldestAt: 95_000, refused: 1 }
  const backlog = async () => {
    reads += 1
    if (found === undefined) throw new Error('away')
    return found
  }
  const stop = watchOutbox('device-registry', backlog, clock)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const figures = async () =>
    (await (await fetch(url)).text())
      .split('\n')
      .filter((line) => line.startsWith('sluice_outbox_'))
      .map((line) => [line.split('{')[0], Number(line.split(' ')[1])])

  expect(await figures()).toEqual([
    ['sluice_outbox_unpublished', 3],
    ['sluice_outbox_oldest_age_seconds', 5],
    ['sluice_outbox_refused', 1],
  ])
  await figures()
  expect(reads).toBe(1)
  found = undefined
  await clock.advance(10_000)
  expect((await figures()).map(([, value]) => value)).toEqual([Number.NaN, Number.NaN, Number.NaN])
  expect(reads).toBe(2)
  await stop()
})
