import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { campaignControl, gatewayRulesChanged } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { type NatsWithUsers, startNatsWithUsers, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectNats } from './nats-bus.ts'
import { natsOptions } from './nats-options.ts'
import { natsUsers } from './subject-rights.ts'

const service = 'campaign-scheduler'
let server: NatsWithUsers
const lines: string[] = []
const destination = new Writable({
  write(chunk, _, done) {
    lines.push(String(chunk))
    done()
  },
})
const log = createLog({ service, destination })
const settings = { service, clock: systemClock, log }
const told = () => lines.join('')

beforeAll(async () => {
  // It may hear its answers, and nothing else.
  const rights = { user: service, publish: ['x'], subscribe: [`_INBOX_${service}.>`], answers: false }
  server = await startNatsWithUsers(natsUsers([rights]))
}, 60_000)
afterAll(() => server?.stop())

test('what a service may neither say nor hear stands in its log, with the subject', async () => {
  const lost: unknown[] = []
  const onLost = (error: unknown) => void lost.push(error)
  const bus = await connectNats({ ...settings, servers: server.urlOf(service), onLost })
  bus.announce(gatewayRulesChanged, [{ id: 'e', key: 'all', data: { revision: 1 } }])
  await bus.serve(campaignControl, async () => [])
  const denials = () =>
    lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => event === 'bus.nats.denied')
      .map(({ level, operation, subject }) => [level, operation, subject].join(' '))
  await waitUntil(() => denials().length >= 3, { describe: () => told() })
  expect(denials().toSorted()).toEqual([
    'error publish sluice.v1.gateway_rules.changed.all',
    'error subscription sluice.v1.campaign.control',
    'error subscription sluice.v1.campaign.control.*',
  ])
  // It would be deaf for good: its process ends and is started anew, in the sight of whoever operates it.
  expect(lost).toMatchObject([{ code: 'denied' }])
  expect(bus.status()).toBe('down')
  await bus.close()
})

test('a wrong password is told, without the password, and the service comes up once NATS takes it', async () => {
  const connecting = connectNats({ ...settings, servers: server.urlOf(service).replace(/:\w+@/, ':another-one@') })
  await waitUntil(() => told().includes('bus.nats.awaited'), { describe: () => told() })
  expect(told()).toContain('AUTHORIZATION_VIOLATION')
  writeFileSync(join(server.directory, 'passwords.conf'), 'PASSWORD_CAMPAIGN_SCHEDULER: "another-one"\n')
  await server.restart()
  const bus = await connecting
  expect(bus.status()).toBe('up')
  expect(told()).not.toContain('another-one')
  await bus.close()
})

test.each(['nats://user:half/way@nats:4222', 'nats://user:100%@nats:4222'])(
  'a URL that cannot be read is refused without being told: %s',
  (url) => {
    let thrown: unknown
    try {
      natsOptions(url)
    } catch (error) {
      thrown = error
    }
    log.error({ err: thrown }, 'test')
    expect(thrown).toMatchObject({ code: 'invalid_url' })
    expect(told()).not.toMatch(/half|100%/)
  },
)
