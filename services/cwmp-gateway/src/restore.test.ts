import { createMemoryHotStore } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { expect, inject, test } from 'vitest'
import { startRestore } from './restore.ts'
import { openStand } from './testing/stand.ts'
import { log, natsTransport } from './testing/transports.ts'
import { hint, watchOf } from './testing/upgrade-parts.ts'

const deviceKeys = Array.from({ length: 1_200 }, (_, i) => 'dev_' + 'a'.repeat(22) + digits(i))

test('everything that stands is paged in before any device is admitted', async () => {
  const placements = deviceKeys.map((deviceKey, i) =>
    i % 2 === 0 ? hint(deviceKey) : ({ op: 'put_watch', deviceKey, watch: watchOf() } as const),
  )
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), placements })
  const keys = deviceKeys.map((deviceKey) => ({ deviceKey, token: 't' }))
  const opened = await stand.hotStore.open(keys.map((key) => ({ key, state: '', ttlMs: 1_000, version: null })))
  expect(opened.filter(({ record }) => record.tasks.length + (record.watch === null ? 0 : 1) === 1)).toHaveLength(1_200)
  await stand.close()
})

test('without an answer of the scheduler nobody is admitted, and the next look tries again', async () => {
  const transport = await natsTransport(inject('natsUrl'))
  const hotStore = createMemoryHotStore({ clock: systemClock })
  const bus = await transport.bus('cwmp-gateway')
  const restore = await startRestore({ bus, hotStore, clock: systemClock, log, lockMs: 100 })
  expect(restore.isRestored()).toBe(false)
  const stand = await openStand({ transport, hotStore })
  await waitUntil(() => restore.isRestored())
  await restore.stop()
  await stand.close()
})

function digits(i: number): string {
  return Array.from(String(i).padStart(4, '0'), (digit) => 'abcdefghij'[Number(digit)]).join('')
}
