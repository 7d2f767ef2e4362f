import { answered, deviceCredential } from '@sluice/contracts'
import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { log, natsTransport, type Transport } from '../testing/transports.ts'
import { type CredentialQuestion, type CredentialSource, createCredentialSource } from './credential-source.ts'

let transport: Transport
let source: CredentialSource
let asked: string[]
let answer: PromiseWithResolvers<void>
beforeEach(async () => {
  transport = await natsTransport(inject('natsUrl'))
  asked = []
  answer = Promise.withResolvers()
  const registry = await transport.bus('device-registry')
  await registry.serve(deviceCredential, async (batch) => {
    asked.push(...batch.map(({ input }) => input.deviceKey))
    await answer.promise
    return batch.map(() => answered({ kind: 'unknown' as const }))
  })
  source = createCredentialSource({ bus: await transport.bus('cwmp-gateway'), clock: systemClock, log })
})
afterEach(() => transport.close())

const name = (n: number) =>
  `dev_${'a'.repeat(23)}${String.fromCharCode(97 + (n % 26))}${String.fromCharCode(97 + Math.floor(n / 26))}a`
const about = (n: number, more: Partial<CredentialQuestion> = {}): CredentialQuestion => ({
  deviceKey: name(n),
  revision: 0,
  model: undefined,
  mayHaveForgotten: false,
  ...more,
})

test('of many strangers at once as many are asked for as may be under way, the others cannot be told', async () => {
  const all = Array.from({ length: 200 }, (_, n) => source.ask(about(n)))
  const beyond = await Promise.all(all.slice(128))
  expect(new Set(beyond.map(({ kind }) => kind))).toEqual(new Set(['unanswered']))
  answer.resolve()
  const within = await Promise.all(all.slice(0, 128))
  expect(within.every(({ kind }) => kind === 'answered')).toBe(true)
  expect(asked).toHaveLength(128)
  expect((await source.ask(about(199))).kind).toBe('answered')
})

test('one device is asked for once, however often it comes before the answer and for a while after it', async () => {
  const several = [1, 2, 3].map(() => source.ask(about(1)))
  await waitUntil(() => asked.length > 0)
  answer.resolve()
  await Promise.all([...several, source.ask(about(1))])
  await source.ask(about(1))
  expect(asked).toHaveLength(1)
})

test('another question about the same device is asked, and so is the same one after a change', async () => {
  answer.resolve()
  const model = { oui: '00D09E', productClass: 'HomeBox' }
  for (const more of [{}, { model }, { mayHaveForgotten: true }, { revision: 1 }]) await source.ask(about(1, more))
  expect(asked).toHaveLength(4)
})

test('fault 53: an answer from before the clock was set back is no recent one', async () => {
  let offset = 0
  const clock = { ...systemClock, now: () => systemClock.now() + offset }
  const own = createCredentialSource({ bus: await transport.bus('cwmp-gateway'), clock, log })
  answer.resolve()
  await own.ask(about(1))
  offset = -3_600_000
  await own.ask(about(1))
  expect(asked).toHaveLength(2)
})
