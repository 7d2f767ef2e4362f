import { deviceProfile } from '@sluice/model-profiles'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { shareOf } from './redirect.ts'
import { callHint, committingCalls, taskId } from './testing/call-parts.ts'
import { createCpe, values } from './testing/cpe.ts'
import { putRules } from './testing/put-rules.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { watchOf } from './testing/upgrade-parts.ts'

let stand: Stand
let devices = 0
beforeAll(async () => {
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')), gateways: 2 })
})
afterAll(() => stand.close())
const newCpe = () => createCpe({ serial: `P${devices++}`, port: () => stand.gateways[devices % 2]!.port })
const profile = (more: Partial<typeof deviceProfile>) => ({
  ...deviceProfile,
  name: 'mine',
  match: { oui: '00D09E', root: 'Device.' } as const,
  ...more,
})
const withProfile = (more: Partial<typeof deviceProfile>) =>
  putRules(stand, { profiles: [deviceProfile, profile(more)] })

describe('a profile that is changed holds without a restart', () => {
  test('quirk 38: replies begin with an XML declaration where a model needs one', async () => {
    await withProfile({ xmlDeclaration: true })
    expect((await newCpe().inform()).body).toMatch(/^<\?xml version="1.0"/)
    await withProfile({ xmlDeclaration: false })
    expect((await newCpe().inform()).body).toMatch(/^<soap-env:Envelope/)
  })

  test('replies have the prefix a model compares', async () => {
    await withProfile({ soapPrefix: 'SOAP-ENV' })
    const cpe = newCpe()
    const { body } = await cpe.inform()
    expect(body).toMatch(/^<SOAP-ENV:Envelope/)
    expect(body).not.toContain('soap-env')
    expect((await cpe.say('X_1_No')).body).toContain('<SOAP-ENV:Fault>')
  })

  test('quirk 51: its range of versions is what it is matched by', async () => {
    const match = { oui: '00D09E', softwareVersionFrom: '1.9', softwareVersionBelow: '1.12' } as const
    await withProfile({ xmlDeclaration: true, match })
    const starts = async (version: string) => (await newCpe().inform({ version })).body.slice(0, 5)
    expect(await Promise.all(['1.8', '1.10', '1.12'].map(starts))).toEqual(['<soap', '<?xml', '<soap'])
  })

  test('quirk 46: a model that needs time after its boot is asked nothing before', async () => {
    await withProfile({ postBootHoldOffMs: 600_000 })
    const cpe = newCpe()
    stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'Reboot' } })
    await cpe.inform({ events: ['1 BOOT'] })
    expect((await cpe.empty()).status).toBe(204)
    await stand.hotStore.place([callHint(cpe.deviceKey)])
    await cpe.inform()
    expect((await cpe.empty()).status).toBe(204)
    await withProfile({ postBootHoldOffMs: 0 })
    await cpe.inform()
    expect((await cpe.empty()).rpc).toBe('Reboot')
  })

  test('quirk 13: another cwmp:ID in a response is taken, unless the profile says that it must be ours', async () => {
    const answer = async () => {
      const cpe = newCpe()
      stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'Reboot' } })
      await stand.hotStore.place([callHint(cpe.deviceKey)])
      await cpe.inform()
      await cpe.empty()
      return (await cpe.say('RebootResponse', '', 'another')).status
    }
    await withProfile({ checksResponseIds: false })
    expect(await answer()).toBe(204)
    await withProfile({ checksResponseIds: true })
    expect(await answer()).toBe(400)
  })

  test('quirk 25: a model that refuses the root is not asked for it', async () => {
    await withProfile({ refusesRootPath: true })
    const cpe = newCpe()
    stand.others.onCall = committingCalls({ [taskId(2)]: { method: 'GetParameterNames', path: '', nextLevel: true } })
    await stand.hotStore.place([callHint(cpe.deviceKey, 2)])
    await cpe.inform()
    expect((await cpe.empty()).status).toBe(204)
    expect(stand.others.reports.at(-1)).toMatchObject({ taskId: taskId(2), result: { kind: 'not_sent' } })
  })

  test('quirk 47: a model that ends by three empty POSTs is told what came up between them', async () => {
    await withProfile({ endsAfterEmptyPosts: 3 })
    const cpe = newCpe()
    stand.others.onCall = committingCalls({ [taskId(3)]: { method: 'Reboot' } })
    await cpe.inform()
    expect((await cpe.empty()).status).toBe(204)
    await stand.hotStore.place([callHint(cpe.deviceKey, 3)])
    expect((await cpe.empty()).rpc).toBe('Reboot')
  })

  test.each([
    ['quirk 17: control characters', 'a\u0002b', { controlCharacters: true, ampersands: false }],
    ['quirk 18: raw ampersands', 'a & b', { controlCharacters: false, ampersands: true }],
  ])(
    '%s are put right where the profile allows it, with a warning, and are 400 where not',
    async (_, text, repairs) => {
      const serial = `bad${devices++}`
      const cpe = createCpe({ serial, port: () => stand.gateways[0]!.port })
      const informed = () => stand.informed.find((each) => each.serialNumber === serial)
      await withProfile({ repairs: { controlCharacters: false, ampersands: false } })
      expect((await cpe.inform({ version: text })).status).toBe(400)
      await withProfile({ repairs })
      expect((await cpe.inform({ version: text })).status).toBe(200)
      await waitUntil(() => informed() !== undefined)
      expect(informed()?.warnings).toContain(repairs.ampersands ? 'ampersand_repaired' : 'control_characters_removed')
    },
  )

  test('within a session, too, a repair is made where the profile allows it alone', async () => {
    const answer = async () => {
      const cpe = newCpe()
      stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'GetParameterValues', names: ['Device.A'] } })
      await stand.hotStore.place([callHint(cpe.deviceKey)])
      await cpe.inform()
      await cpe.empty()
      const list = `<ParameterList>${values([['Device.A', 'a & b']])}</ParameterList>`
      return (await cpe.say('GetParameterValuesResponse', list)).status
    }
    await withProfile({ repairs: { controlCharacters: false, ampersands: true } })
    expect(await answer()).toBe(204)
    await withProfile({ repairs: { controlCharacters: false, ampersands: false } })
    expect(await answer()).toBe(400)
  })

  test('quirk 19: a body that is not in the charset it names is read as its model’s, where that is another', async () => {
    const inform = async () => {
      const cpe = newCpe()
      const body = Buffer.from(await bodyOf('1.0-caf\u00e9'), 'latin1')
      return (await cpe.post(body, { 'content-type': 'text/xml; charset=utf-8' })).status
    }
    await withProfile({ charset: 'utf-8' })
    expect(await inform()).toBe(400)
    await withProfile({ charset: 'iso-8859-1' })
    expect(await inform()).toBe(200)
  })
})

describe('a redirect rule (TR-069 3.4.6)', () => {
  const url = 'https://other.example/acs'
  const rule = (more: object = {}) => ({ name: 'r', url, status: 302, match: { oui: '00D09E' }, ...more }) as never

  test.each([302, 307])(
    'sends a session elsewhere by %i, and nothing of it is acknowledged or told',
    async (status) => {
      const cpe = newCpe()
      await putRules(stand, { redirects: [rule({ status, deviceKeys: [cpe.deviceKey] })] })
      const heard = await cpe.inform()
      expect([heard.status, heard.headers.location, heard.body]).toEqual([status, url, ''])
      expect(heard.headers['set-cookie']).toBeUndefined()
      expect(stand.informed.some(({ deviceKey }) => deviceKey === cpe.deviceKey)).toBe(false)
      await putRules(stand, { redirects: [] })
      expect((await cpe.inform()).status).toBe(200)
    },
  )

  test('leaves a device whose upgrade is under way, unless it is named', async () => {
    const cpe = newCpe()
    await stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(1) }])
    await putRules(stand, { redirects: [rule()] })
    expect((await cpe.inform()).status).toBe(200)
    expect((await newCpe().inform()).status).toBe(302)
    await putRules(stand, { redirects: [rule({ deviceKeys: [cpe.deviceKey] })] })
    expect((await cpe.inform()).status).toBe(302)
    await putRules(stand, { redirects: [] })
  })

  test('takes its share of devices, the same ones each time', async () => {
    await putRules(stand, { redirects: [rule({ percent: 50 })] })
    const fleet = Array.from({ length: 40 }, () => newCpe())
    const sent = async () => Promise.all(fleet.map(async (cpe) => (await cpe.inform()).status === 302))
    const first = await sent()
    expect(await sent()).toEqual(first)
    expect(first).toEqual(fleet.map(({ deviceKey }) => shareOf(deviceKey) < 50))
    expect(new Set(first)).toEqual(new Set([true, false]))
    await putRules(stand, { redirects: [] })
  })
})

test('a change that is told of while the rules are read is not missed', async () => {
  const late = await openStand({ transport: await natsTransport(inject('natsUrl')) })
  await putRules(late, {})
  let asked = 0
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  late.others.beforeRules = () => {
    asked += 1
    return held
  }
  await late.others.setRules({})
  await waitUntil(() => asked === 1)
  const change = putRules(late, {})
  release()
  await change
  await late.close()
})

test('before the registry was heard, a gateway goes by what is shipped', async () => {
  const alone = await openStand({ transport: await natsTransport(inject('natsUrl')) })
  expect((await createCpe({ serial: 'A1', port: () => alone.gateways[0]!.port }).inform()).status).toBe(200)
  await alone.close()
})

async function bodyOf(version: string): Promise<string> {
  let body = ''
  const probe = createCpe({ serial: `L${devices++}`, port: () => 1 })
  probe.post = async (sent) => {
    body = String(sent)
    return {} as never
  }
  await probe.inform({ version })
  return body
}
