import { runCli } from '@sluice/cli'
import { AUDIT_TRAILS, type AuditTrail } from '@sluice/contracts'
import { deviceProfile } from '@sluice/model-profiles'
import { waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from './bring-in-firmware.ts'
import { judgeDevices } from './judge-history.ts'
import { quickPolicy, startCampaign, upgradesOf, waitForState } from './run-campaign.ts'
import { runDevice, type RunningDevice } from './run-device.ts'
import type { System } from './system.ts'

/** What one audit trail alone has, in the order of all of them. */
const ONLY_THERE = ['upgrade.moved', 'credential.confirmed', 'task.created', 'trust_key.added', 'artifact.created']

/** What a carrier does with devices besides upgrading them. */
export function fleetCareSuite(start: () => Promise<System>): void {
  let system: System
  const running: RunningDevice[] = []
  const devices: RunningDevice[] = []
  beforeAll(async () => {
    system = await start()
    await trustVendor(system)
  }, 180_000)
  afterEach(() => Promise.all(running.splice(0).map((one) => one.stop())))
  afterAll(() => system?.remove())

  const run = async (...args: Parameters<typeof runDevice> extends [System, ...infer Rest] ? Rest : never) => {
    const one = await runDevice(system, ...args)
    running.push(one)
    devices.push(one)
    return one
  }
  const deviceOf = ({ name }: RunningDevice) => system.client.call('getDevice', { params: { device: name } })
  /** The inventory has it. */
  const informed = (one: RunningDevice) => waitUntil(async () => (await deviceOf(one)).lastInformAt !== null)
  const messagesOf = async ({ name }: RunningDevice, query: { method?: string; commandKey?: string } = {}) =>
    (await system.client.call('getDeviceMessages', { params: { device: name }, query })).items
  const callNow = ({ name }: RunningDevice, names: string[]) =>
    system.client.call('createTask', {
      params: { device: name },
      query: { waitMs: 30_000 },
      body: { call: { method: 'GetParameterValues', names }, when: 'now', deadlineMs: 40_000 },
    })

  /** All that the trail holds, as who reads it sees it. */
  const entriesOf = async (of: AuditTrail): Promise<string> => {
    const parts: unknown[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await system.client.call('listAudit', { query: { of, ...(cursor !== undefined && { cursor }) } })
      parts.push(page.parts)
      cursor = page.next
    }
    return JSON.stringify(parts)
  }

  test('the message log tells what was said, with its CommandKey, and bodies only where they were asked for', async () => {
    const cpe = await run('LOG')
    await informed(cpe)
    await waitUntil(async () => (await messagesOf(cpe, { method: 'Inform' })).length > 0)
    expect((await messagesOf(cpe, { method: 'Inform' }))[0]).toMatchObject({ events: ['0 BOOTSTRAP', '1 BOOT'] })
    const plain = await callNow(cpe, ['Device.WiFi.SSID.1.SSID'])
    expect(plain.state).toBe('done')
    const answers = () => messagesOf(cpe, { method: 'GetParameterValuesResponse' })
    await waitUntil(async () => (await answers()).length === 1)
    expect((await answers())[0]).not.toHaveProperty('body')

    await system.client.call('updateDevice', { params: { device: cpe.name }, body: { logsBodies: true } })
    await waitUntil(async () => {
      await callNow(cpe, ['Device.WiFi.SSID.1.SSID', 'Device.Users.User.1.Password'])
      return (await answers()).some(({ body }) => body !== undefined)
    })
    const body = (await answers()).find((one) => one.body !== undefined)?.body ?? ''
    expect(body).toContain(cpe.device.read('Device.WiFi.SSID.1.SSID'))
    expect(body).toContain('Device.Users.User.1.Password')
  }, 180_000)

  test('a profile that is put takes hold without a restart, and what it tolerates is shown on the device', async () => {
    const cpe = await run('PROF', {}, () => ({ controlCharacters: true, bareAmpersands: true }))
    // Until then its messages are refused, once it has authenticated.
    await waitUntil(() => cpe.wrote('session_failed').length > 0)
    const profile = {
      ...deviceProfile,
      name: 'a-sloppy-model',
      match: { oui: '02A1B2', productClass: 'SimGateway', hardwareVersion: '1.0' },
      repairs: { controlCharacters: true, ampersands: true },
    }
    await system.client.call('putProfile', { params: { name: profile.name }, body: profile })
    await waitUntil(async () => (await deviceOf(cpe)).lastInformAt !== null, { deadlineMs: 30_000 })
    expect(await deviceOf(cpe)).toMatchObject({ profile: 'a-sloppy-model' })
    const codes = (await deviceOf(cpe)).leniencies.map(({ code }) => code)
    expect(codes).toEqual(expect.arrayContaining(['ampersand_repaired', 'control_characters_removed']))
    await system.client.call('removeProfile', { params: { name: profile.name } })
  }, 180_000)

  test('a factory-fresh device gets in with the credential of its model, and leaves with one of its own', async () => {
    const factory = { bootstrapUsername: 'factory', bootstrapPassword: 'as printed on every box' }
    await system.client.call('putBootstrapCredential', {
      body: { oui: '02A1B2', productClass: 'SimGateway', username: 'factory', password: factory.bootstrapPassword },
    })
    const fresh = await run('NEW', { ...factory, startsAtFactory: true }, () => ({}))
    await waitUntil(() => fresh.wrote('login_changed').length > 0, { deadlineMs: 20_000 })
    expect(fresh.device.read('Device.ManagementServer.Username')).not.toBe('factory')
    const before = fresh.wrote('informed').length
    fresh.device.inform('2 PERIODIC')
    await waitUntil(() => fresh.wrote('informed').length > before)
    expect(await callNow(fresh, ['Device.DeviceInfo.SoftwareVersion'])).toMatchObject({ state: 'done' })
  }, 180_000)

  test('devices are sent to another ACS by rule, and come back when the rule is gone', async () => {
    const cpe = await run('MOVE')
    await informed(cpe)
    const { deviceKey } = await deviceOf(cpe)
    const rule = { name: 'away', deviceKeys: [deviceKey], url: 'http://127.0.0.1:9/', status: 302 } as const
    await system.client.call('putRedirect', { params: { name: 'away' }, body: { ...rule, deviceKeys: [deviceKey] } })
    await waitUntil(() => {
      cpe.device.inform('2 PERIODIC')
      return cpe.wrote('redirected').length > 0
    })
    expect(cpe.wrote('redirected').at(-1)).toMatchObject({ urlHost: '127.0.0.1:9' })
    await system.client.call('removeRedirect', { params: { name: 'away' } })
    const lastInform = (await deviceOf(cpe)).lastInformAt
    await waitUntil(
      async () => {
        cpe.device.inform('2 PERIODIC')
        return (await deviceOf(cpe)).lastInformAt !== lastInform
      },
      { deadlineMs: 20_000, everyMs: 300 },
    )
  }, 180_000)

  test('hygiene of a fleet: inform times are phased by device, and passwords are replaced without losing anybody', async () => {
    const two = [await run('HYGA'), await run('HYGB')]
    for (const one of two) await informed(one)
    const names = two.map(({ name }) => name)
    const finish = async (action: Parameters<typeof fleetTask>[0]) => {
      const { fleetTaskId } = await fleetTask(action)
      await waitUntil(
        async () => {
          const found = await system.client.call('getFleetTask', { params: { fleetTaskId } })
          return found.state === 'done' && found.counts['done'] === 2
        },
        { deadlineMs: 30_000, everyMs: 200 },
      )
    }
    const fleetTask = (action: { kind: 'periodic_inform'; intervalSeconds: number } | { kind: 'cwmp_credentials' }) =>
      system.client.call('createFleetTask', { body: { filter: { names }, action, when: 'now', deadlineMs: 30_000 } })

    await finish({ kind: 'periodic_inform', intervalSeconds: 86_400 })
    const read = (name: string) => two.map(({ device }) => device.read(`Device.ManagementServer.${name}`))
    expect(read('PeriodicInformInterval')).toEqual(['86400', '86400'])
    const [first, second] = read('PeriodicInformTime')
    expect(first).not.toBe(second)

    const passwords = read('Password')
    await finish({ kind: 'cwmp_credentials' })
    for (const [index, password] of read('Password').entries()) expect(password).not.toBe(passwords[index])
    for (const one of two) {
      expect(await callNow(one, ['Device.DeviceInfo.SoftwareVersion'])).toMatchObject({ state: 'done' })
    }
  }, 180_000)

  test('a device behind a NAT learns its address by STUN, and is woken over UDP', async () => {
    const cpe = await run('NAT', { behindNat: true })
    await informed(cpe)
    // The second of the two ways to hear of a binding (TR-069 G.2.2.2.2).
    const parameters = ['UDPConnectionRequestAddress', 'NATDetected'].map((name) => ({
      name: `Device.ManagementServer.${name}`,
      notification: 2,
    }))
    await system.client.call('createTask', {
      params: { device: cpe.name },
      query: { waitMs: 20_000 },
      body: { call: { method: 'SetParameterAttributes', parameters }, when: 'now', deadlineMs: 40_000 },
    })
    const { fleetTaskId } = await system.client.call('createFleetTask', {
      body: {
        filter: { names: [cpe.name] },
        action: { kind: 'stun', serverAddress: '127.0.0.1', serverPort: system.stunPort, minimumKeepAliveSeconds: 30 },
        deadlineMs: 40_000,
      },
    })
    await waitUntil(
      async () => {
        cpe.device.inform('2 PERIODIC')
        const found = await system.client.call('getFleetTask', { params: { fleetTaskId } })
        return found.counts['done'] === 1
      },
      { deadlineMs: 20_000, everyMs: 500 },
    )
    await waitUntil(() => cpe.wrote('binding_learnt').some(({ natDetected }) => natDetected), { deadlineMs: 20_000 })
    await waitUntil(async () => (await deviceOf(cpe)).wakeableBy.includes('udp'), { deadlineMs: 20_000 })
    // A call may also be taken by a session that the device opens by itself.
    await waitUntil(
      async () => {
        expect(await callNow(cpe, ['Device.DeviceInfo.SoftwareVersion'])).toMatchObject({ state: 'done' })
        return cpe.wrote('connection_request').some(({ over, status }) => over === 'udp' && status === 200)
      },
      { deadlineMs: 30_000, everyMs: 200 },
    )
  }, 180_000)

  test('a campaign that asks for a backup has each device’s configuration before its image', async () => {
    const cpe = await run('BACK', { periodicInformMs: 1_500 })
    await informed(cpe)
    const artifact = await bringInFirmware(system, { version: '4.0.0' })
    const backup = { fileType: '1 Vendor Configuration File', required: true, waitMs: 60_000 }
    const { campaignId } = await startCampaign(system, artifact.artifactId, { ...quickPolicy, backup }, [cpe.name])
    await waitForState(system, campaignId, ['finished'])
    const [upgrade] = await upgradesOf(system, campaignId)
    expect(upgrade).toMatchObject({ state: 'verified' })
    const [uploaded] = cpe.wrote('uploaded')
    const [received] = cpe.wrote('download_received')
    expect(Date.parse(uploaded!.at)).toBeLessThan(Date.parse(received!.at))
    expect((await system.client.fetchBackup(upgrade!.upgradeId)).length).toBe(uploaded!.bytes)
  }, 180_000)

  test('a device that lost its credentials to the upgrade comes back with those of its model, and is upgraded', async () => {
    const factory = { bootstrapUsername: 'factory', bootstrapPassword: 'as printed on every box' }
    const cpe = await run('LOST', { ...factory, periodicInformMs: 1_500 }, () => ({
      losesSettingsByReset: { regainAfterMs: 1_000 },
    }))
    await informed(cpe)
    const artifact = await bringInFirmware(system, { version: '4.1.0' })
    const { campaignId } = await startCampaign(system, artifact.artifactId, quickPolicy, [cpe.name])
    await waitForState(system, campaignId, ['finished'], 60_000)
    expect((await upgradesOf(system, campaignId))[0]?.state).toMatch(/^verified/)
    await waitUntil(() => cpe.device.read('Device.ManagementServer.Username') !== 'factory', { deadlineMs: 20_000 })
  }, 120_000)

  test('each audit trail of the system is whole, and holds no password of a device', async () => {
    const out: string[] = []
    const say = (line: string) => out.push(line)
    const { signal } = new AbortController()
    expect(
      await runCli(['audit', 'verify'], { connect: () => system.client, say, complain: say, screen: null, signal }),
    ).toBe(0)
    for (const trail of AUDIT_TRAILS)
      expect(out.join('\n')).toMatch(new RegExp(`The chain of ${trail} is whole: [1-9]`))

    const told = await Promise.all(AUDIT_TRAILS.map(entriesOf))
    for (const [index, kind] of ONLY_THERE.entries()) {
      expect(told.map((trail) => trail.includes(`"kind":"${kind}"`)).indexOf(true)).toBe(index)
    }
    const passwords = devices
      .flatMap(({ device }) =>
        ['Password', 'ConnectionRequestPassword'].map((name) => device.read(`Device.ManagementServer.${name}`)),
      )
      .filter((password) => password !== undefined && password !== '')
    expect(passwords.length).toBeGreaterThan(devices.length)
    expect(passwords.filter((password) => told.join().includes(password!))).toEqual([])
  }, 180_000)

  test('journals, API and the devices’ own records agree, and every guarantee was kept', async () => {
    expect(await judgeDevices(system, devices)).toEqual([])
  }, 180_000)
}
