import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { createCpe, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'

let stand: Stand
let cpe: TestCpe
beforeEach(async () => {
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')), settings: { drainDelayMs: 400 } })
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
  await stopped
  await expect(cpe.inform()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
