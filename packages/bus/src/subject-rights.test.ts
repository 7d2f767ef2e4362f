import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as contracts from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { type NatsWithUsers, startNatsWithUsers, waitUntil } from '@sluice/testbed'
import { type NatsConnection, type Status, connect, headers } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyTopology } from './apply-topology.ts'
import type { Bus } from './bus.ts'
import { openDeadLetters } from './dead-letters.ts'
import { inboxOf } from './message-subject.ts'
import { connectNats } from './nats-bus.ts'
import { natsOptions } from './nats-options.ts'
import { allRights } from './subject-rights.ts'

// A real nats-server with the users that are deployed.

const root = join(import.meta.dirname, '../../..')
const log = createLog({ service: 'test', level: 'silent' })
const CAMPAIGN = 'cmp_01KFAYV3W8Z7Q0M4R6T9XBCDEF'
const buses: Bus[] = []
let server: NatsWithUsers
let oss: NatsConnection
/** Subjects on which it was not let. */
const denied: string[] = []

async function busOf(service: string): Promise<Bus> {
  const bus = await connectNats({ servers: server.urlOf(service), service, clock: systemClock, log, bindMs: 5_000 })
  buses.push(bus)
  return bus
}

beforeAll(async () => {
  server = await startNatsWithUsers(readFileSync(join(root, 'deploy/nats/users.conf'), 'utf8'))
  oss = await connect({ ...natsOptions(server.urlOf('oss')), inboxPrefix: inboxOf('oss') })
  void (async () => {
    for await (const status of oss.status()) denied.push(deniedSubject(status))
  })()
  await applyTopology(server.urlOf('topology'), { maxBytes: 8 * 1024 ** 2 })
}, 60_000)
afterAll(async () => {
  await Promise.all(buses.map((bus) => bus.close()))
  await oss?.close()
  await server?.stop()
})

/** The client tells it beside the fields that it types. */
function deniedSubject(status: Status): string {
  const { permissionContext } = status as { permissionContext?: { subject: string } }
  return permissionContext?.subject ?? ''
}

test('who is outside asks in its own name: the actor is what the subject says, whatever the message claims', async () => {
  const scheduler = await busOf('campaign-scheduler')
  const actors: string[] = []
  await scheduler.serve(contracts.campaignControl, async (batch) =>
    batch.map(({ input }) => {
      actors.push(input.actor)
      return contracts.refused('not_found', 'there is none')
    }),
  )
  const ask = (subject: string) =>
    oss.request(subject, JSON.stringify({ campaignId: CAMPAIGN, action: 'pause', actor: 'operator:root' }), {
      timeout: 5_000,
    })
  const reply = (await ask('sluice.v1.campaign.control.oss')).json<{ ok: boolean; error: { code: string } }>()
  expect(reply).toMatchObject({ ok: false, error: { code: 'not_found' } })
  expect(actors).toEqual(['oss:oss'])
})

test('who is outside follows live changes, and answers gates', async () => {
  const scheduler = await busOf('campaign-scheduler')
  const heard: string[] = []
  const listening = oss.subscribe('sluice.v1.upgrade.changed.*', {
    callback: (_, message) => heard.push(message.subject),
  })
  const gate = oss.subscribe('sluice.v1.gate.ask', {
    callback: (_, message) => message.respond(JSON.stringify({ ok: true, data: { answer: 'go' } })),
  })
  await oss.flush()
  const upgradeId = 'upg_01KFAYV3W8Z7Q0M4R6T9XBCDEF'
  const item = {
    upgradeId,
    campaignId: CAMPAIGN,
    deviceKey: `dev_${'a'.repeat(26)}`,
    wave: 1,
    from: 'pending',
    to: 'offered',
  }
  const data = { items: [{ ...item, reason: null, at: '2026-01-01T00:00:00.000Z', seq: 7 }] }
  await waitUntil(() => {
    scheduler.announce(contracts.upgradeChanged, [{ id: 'e1', key: CAMPAIGN, data }])
    return Promise.resolve(heard.includes(`sluice.v1.upgrade.changed.${CAMPAIGN}`))
  })
  const counters = {
    pending: 0,
    inFlight: 0,
    unproven: 0,
    success: 0,
    configLost: 0,
    hard: 0,
    silent: 0,
    stalled: 0,
    benign: 0,
  }
  const question = { campaignId: CAMPAIGN, name: 'x', wave: 1, nextWave: 2, counters, gate: 'x' }
  expect(await scheduler.request(contracts.gateAsk, question)).toEqual({ ok: true, data: { answer: 'go' } })
  listening.unsubscribe()
  gate.unsubscribe()
})

test.each([
  ['an event', 'sluice.v1.artifact.trusted.x'],
  ['a live event', `sluice.v1.upgrade.changed.${CAMPAIGN}`],
  ['what services ask of each other', 'sluice.v1.device.credential'],
  ['a password', 'sluice.v1.credential.issue'],
  ['a call of a device', 'sluice.v1.task.create.oss'],
  ['for what a device answered', 'sluice.v1.task.get.oss'],
  ['a claim', 'sluice.v1.upgrade.claim'],
  ['a campaign in nobody’s name', 'sluice.v1.campaign.create'],
  ['a campaign in another’s name', 'sluice.v1.campaign.create.billing'],
  ['JetStream', '$JS.API.STREAM.LIST'],
  ['an acknowledgement', '$JS.ACK.SLUICE_DEVICE.x.1.1.1.1.1'],
  ['another’s inbox', `${inboxOf('cwmp-gateway')}.x`],
])('who is outside cannot say: %s', async (_, subject) => {
  oss.publish(subject, '{}')
  await oss.flush()
  await waitUntil(() => denied.includes(subject))
})

test.each([
  '>',
  'sluice.>',
  'sluice.v1.device.credential',
  'sluice.v1.credential.issue',
  'sluice.v1.attempt.observed.*',
  '_INBOX.>',
  `${inboxOf('cwmp-gateway')}.>`,
  'sluice.v1.campaign.create',
])('who is outside cannot hear %s', async (subject) => {
  const outcome = Promise.withResolvers<string>()
  oss.subscribe(subject, { callback: (error) => outcome.resolve(error === null ? 'heard' : String(error.code)) })
  await oss.flush()
  expect(await outcome.promise).toBe('PERMISSIONS_VIOLATION')
})

test('every service consumes, serves and asks with the rights it has, and says nothing of another’s', async () => {
  const [verifier, resolver, gateway, registry] = [
    await busOf('firmware-verifier'),
    await busOf('artifact-resolver'),
    await busOf('cwmp-gateway'),
    await busOf('device-registry'),
  ]
  const heard: string[] = []
  await verifier.consume(contracts.artifactRevoked, async () => {}).catch(() => {})
  await resolver.consume(contracts.artifactRevoked, async (batch) => void heard.push(...batch.map(({ id }) => id)))
  const revoked = {
    artifactId: 'art_01KFAYV3W8Z7Q0M4R6T9XBCDEF',
    reason: 'x',
    at: '2026-01-01T00:00:00.000Z',
    actor: 'operator:x',
  }
  await verifier.publish(contracts.artifactRevoked, [{ id: 'r1', key: revoked.artifactId, data: revoked as never }])
  await waitUntil(() => Promise.resolve(heard.includes('r1')))
  await registry.serve(contracts.deviceCredential, async (batch) =>
    batch.map(() => contracts.answered({ kind: 'unknown' as const })),
  )
  const question = { deviceKey: `dev_${'a'.repeat(26)}`, realm: 'x' }
  expect(await gateway.request(contracts.deviceCredential, question)).toEqual({ ok: true, data: { kind: 'unknown' } })
  // The resolver has no business with credentials.
  expect(await resolver.request(contracts.deviceCredential, question, { deadlineMs: 500 })).toMatchObject({ ok: false })
})

test('a service sets aside what it gives up, and the user of the topology job lists and replays it', async () => {
  const user = 'firmware-verifier'
  const verifier = await connect({ ...natsOptions(server.urlOf(user)), inboxPrefix: inboxOf(user) })
  const all = headers()
  all.set('ce-id', 'given-up')
  all.set('sluice-subject', 'sluice.v1.artifact.registered.x')
  await verifier.jetstream().publish(`sluice.dlq.${user}.artifact.registered`, '{}', { headers: all })
  await verifier.close()
  const letters = await openDeadLetters(server.urlOf('topology'))
  const [letter] = await Array.fromAsync(letters.list())
  expect(letter).toMatchObject({ service: user, name: 'artifact.registered', id: 'given-up' })
  expect(await letters.replay(letter!.seq)).toBe(true)
  expect(await Array.fromAsync(letters.list())).toEqual([])
  await letters.close()
})

test('each consumer outside has its name in its subjects and its inbox, and no name of ours', () => {
  const billing = allRights(['oss', 'billing']).at(-1)!
  expect(billing.publish).toContain('sluice.v1.campaign.create.billing')
  expect(billing.publish.filter((subject) => !subject.endsWith('.billing'))).toEqual([])
  expect(billing.subscribe).toContain('_INBOX_billing.>')
  for (const names of [['campaign-scheduler'], ['topology'], ['a', 'a'], ['*'], ['a.b'], ['>'], ['A'], ['"']]) {
    expect(() => allRights(names)).toThrow(expect.objectContaining({ code: 'invalid_user' }))
  }
})

test('what the services ask and say in their code is what they have the right to', () => {
  // Without the types of all schemas at once, which nobody can afford to narrow.
  const exported = Object.entries(contracts as unknown as Record<string, unknown>)
  const all = [...contracts.EVENTS, ...contracts.REQUESTS].flatMap((message) =>
    exported.filter(([, one]) => one === message).map(([name]) => ({ name, message })),
  )
  const missing = allRights().flatMap(({ user, publish, subscribe }) => {
    const files = globSync(`${root}/services/${user}/src/**/*.ts`).filter(
      (file) => !/\.(test|suite)\.ts$|\/testing\/|\/test-/.test(file),
    )
    const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
    return all
      .filter(({ name }) => new RegExp(`\\b${name}\\b`).test(text))
      .filter(({ message }) => {
        const said = [...publish, ...subscribe]
        if (message.kind === 'request') return !said.includes(`sluice.v1.${message.name}`)
        return !message.consumers.includes(user) && !said.includes(`sluice.v1.${message.name}.*`)
      })
      .map(({ name }) => `${user}: ${name}`)
  })
  expect(missing).toEqual([])
})
