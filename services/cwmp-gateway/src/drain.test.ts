import { type Clock, systemClock } from '@sluice/runtime'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { createCpe, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'

let stand: Stand
let cpe: TestCpe
let delay: PromiseWithResolvers<void>
let asked: number[]
beforeEach(async () => {
  delay = Promise.withResolvers()
  asked = []
  const sleep = (ms: number) => {
    asked.push(ms)
    return delay.promise
  }
  const clock: Clock = { ...systemClock, sleep }
  stand = await openStand({
    transport: await natsTransport(inject('natsUrl')),
    settings: { drainDelayMs: 3_000 },
    clock,
  })
  cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
})
afterEach(async () => {
  cpe.close()
  await stand.close()
})

test('a gateway that is told to stop is not ready at once, and serves on until the balancers have heard it', async () => {
  const [gateway] = stand.gateways
  const stopped = gateway!.stop()
  expect(gateway!.isReady()).toBe(false)
  const opened = await cpe.inform()
  expect([opened.rpc, opened.headers.connection]).toEqual(['InformResponse', 'close'])
  expect((await cpe.empty()).status).toBe(204)
  expect(asked).toEqual([3_000])
  delay.resolve()
  await stopped
  await expect(cpe.inform()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
