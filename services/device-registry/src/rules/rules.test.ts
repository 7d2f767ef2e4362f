import {
  type RedirectRule,
  deviceGet,
  deviceImport,
  deviceInformed,
  deviceRemove,
  deviceUpdate,
  gatewayRulesGet,
  profileList,
  profilePut,
  profileRemove,
  redirectList,
  redirectPut,
  redirectRemove,
} from '@sluice/contracts'
import { type ModelProfile, defaultProfiles, deviceProfile } from '@sluice/model-profiles'
import { json } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KINDS, OUI, type Stand, actor, identity, imported, informed, startStand } from '../testing/stand.ts'
import { noteShippedProfiles } from './shipped-profiles.ts'

function profile(name: string, more: Partial<ModelProfile> = {}): ModelProfile {
  return { ...deviceProfile, name, match: { oui: OUI }, ...more }
}

function redirect(name: string, more: Partial<RedirectRule> = {}): RedirectRule {
  return { name, match: { oui: OUI }, url: 'https://acs.example.net:7548/cwmp?x=1', status: 307, ...more }
}

describe.each(KINDS)('on %s', (kind) => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand(kind)
  })
  afterAll(() => stand.close())

  const rules = async () => {
    const answer = await stand.get(gatewayRulesGet, {})
    if (answer.rules === null) throw new Error('asked without a revision, and answered nothing')
    return answer.rules
  }
  /** A change gateways hear of, with the revision they then get. */
  const changes = async (change: () => Promise<unknown>) => {
    const before = await rules()
    await change()
    const after = await rules()
    expect(after.revision).toBe(before.revision + 1)
    await waitUntil(() => stand.revisions.includes(after.revision))
    return after
  }
  const refusal = async (message: typeof profilePut | typeof redirectPut, input: object) => {
    const before = await rules()
    const reply = await stand.ask(message as typeof profilePut, { ...input, actor } as never)
    expect((await rules()).revision).toBe(before.revision)
    return reply.ok ? 'taken' : reply.error.code
  }

  test('gateways get all rules, shipped profiles first, and nothing where they have the revision', async () => {
    const after = await changes(() => stand.get(profilePut, { profile: profile('mine'), actor }))
    expect(after.profiles).toEqual([...defaultProfiles, profile('mine')])
    expect(await stand.get(gatewayRulesGet, { known: after.revision })).toEqual({ rules: null })
    expect(await stand.get(gatewayRulesGet, { known: after.revision - 1 })).toEqual({ rules: after })
  })

  test('a profile is replaced by its name, removed once, and noted with who did it', async () => {
    await changes(() => stand.get(profilePut, { profile: profile('replaced'), actor }))
    const after = await changes(() =>
      stand.get(profilePut, { profile: profile('replaced', { cookieless: true }), actor }),
    )
    expect(after.profiles.filter(({ name }) => name === 'replaced')).toEqual([
      profile('replaced', { cookieless: true }),
    ])
    const { items } = await stand.get(profileList, {})
    expect(items[0]).toMatchObject({ shipped: true, profile: { name: 'default-device' } })
    expect(items.find((item) => item.profile.name === 'replaced')).toMatchObject({ shipped: false, updatedBy: actor })
    await changes(() => stand.get(profileRemove, { name: 'replaced', actor }))
    expect(await stand.ask(profileRemove, { name: 'replaced', actor })).toMatchObject({ error: { code: 'not_found' } })
    expect((await stand.notes('profile.put')).at(-1)).toMatchObject({ actor, data: { profile: { name: 'replaced' } } })
    expect(await stand.notes('profile.removed')).toHaveLength(1)
  })

  test('what came with Sluice is neither replaced nor removed', async () => {
    expect(await refusal(profilePut, { profile: profile('default-device') })).toBe('conflict')
    expect(await stand.ask(profileRemove, { name: 'default-device', actor })).toMatchObject({
      error: { code: 'conflict' },
    })
  })

  test('a profile that contradicts itself is refused', async () => {
    const igd = 'InternetGatewayDevice.DeviceInfo.SoftwareVersion'
    const contradicting: Partial<ModelProfile>[] = [
      { restorable: ['Device.WiFi.SSID.9.SSID'] },
      { checks: [1, 2].map(() => ({ name: 'wan', path: 'Device.IP.Interface.1.Status', must: { equal: 'Up' } })) },
      { checks: [{ name: 'wan', path: 'InternetGatewayDevice.A', must: { equal: 'Up' } }] },
      { match: { softwareVersionFrom: '1.10', softwareVersionBelow: '1.9' } },
      { match: { softwareVersionFrom: '2.0', softwareVersionBelow: '2.0' } },
      { match: { softwareVersion: '1.0', softwareVersionFrom: '0.9' } },
      { match: { root: 'InternetGatewayDevice.' } },
      { versionParameter: igd },
      { settings: [igd] },
      { sentinels: ['Devices.X'] },
      { wanStatus: { path: igd, upValues: ['Up'] } },
    ]
    for (const more of contradicting) {
      expect(await refusal(profilePut, { profile: profile('wrong', more) }), JSON.stringify(more)).toBe(
        'invalid_request',
      )
    }
    const range = { softwareVersionFrom: '1.9', softwareVersionBelow: '1.10' }
    await changes(() => stand.get(profilePut, { profile: profile('range', { match: range }), actor }))
  })

  test('the profile that fits a device shows with it as soon as it stands', async () => {
    await stand.publish(deviceInformed, { items: [informed('P1', { productClass: 'ZX' })] })
    const { deviceKey } = identity('P1', 'ZX')
    await waitUntil(async () => (await stand.ask(deviceGet, { device: deviceKey })).ok)
    const name = async () => (await stand.get(deviceGet, { device: deviceKey })).profile
    expect(await name()).not.toBe('of-zx')
    await stand.get(profilePut, { profile: profile('of-zx', { match: { oui: OUI, productClass: 'ZX' } }), actor })
    expect(await name()).toBe('of-zx')
    await stand.get(profileRemove, { name: 'of-zx', actor })
    expect(await name()).not.toBe('of-zx')
  })

  test('redirects come in the order of their names, and go', async () => {
    await changes(() => stand.get(redirectPut, { rule: redirect('b'), actor }))
    const after = await changes(() => stand.get(redirectPut, { rule: redirect('a', { percent: 10 }), actor }))
    expect(after.redirects).toEqual([redirect('a', { percent: 10 }), redirect('b')])
    expect(await stand.get(redirectList, {})).toEqual({ items: after.redirects })
    await changes(() => stand.get(redirectRemove, { name: 'a', actor }))
    expect(await stand.ask(redirectRemove, { name: 'a', actor })).toMatchObject({ error: { code: 'not_found' } })
    expect(await stand.notes('redirect.put')).toHaveLength(2)
    expect(await stand.notes('redirect.removed')).toMatchObject([{ actor, data: { name: 'a' } }])
  })

  test('no device is sent where a header would break, credentials would show, or nobody said whom', async () => {
    const wrong: Partial<RedirectRule>[] = [
      { url: 'ftp://acs.example.net/' },
      { url: 'javascript:alert(1)' },
      { url: '//acs.example.net/' },
      { url: 'http:acs.example.net' },
      { url: 'https://acs.example.net/\r\nSet-Cookie: a=b' },
      { url: 'https://acs.example.net/a b' },
      { url: 'https://acs.example.net\\@elsewhere.example.net/' },
      { url: 'https://acs.example.net/ü' },
      { url: 'https://ann:secret@acs.example.net/' },
      { url: 'https://@acs.example.net/' },
      { url: 'https://acs.example.net/#part' },
      { url: 'https:///' },
      { match: {} },
    ]
    for (const more of wrong) {
      expect(await refusal(redirectPut, { rule: redirect('wrong', more) }), JSON.stringify(more)).toBe(
        'invalid_request',
      )
    }
  })

  test('rules that no message could carry are refused', async () => {
    const deviceKeys = Array.from({ length: 1_000 }, (_, index) => identity(`L${index}`).deviceKey)
    let last = 'taken'
    for (let index = 0; index < 30 && last === 'taken'; index += 1) {
      const reply = await stand.ask(redirectPut, { rule: redirect(`large-${index}`, { deviceKeys }), actor })
      last = reply.ok ? 'taken' : reply.error.code
    }
    expect(last).toBe('too_large')
    await rules()
    await stand.sql.query(`delete from registry.redirects where name like 'large%'`)
  })

  test('bodies are logged of devices that were named, up to a bound', async () => {
    await stand.get(deviceImport, { items: ['G1', 'G2'].map((serial) => imported(serial)), actor })
    const [one, two] = [identity('G1').deviceKey, identity('G2').deviceKey]
    const on = { logsBodies: true }
    const after = await changes(() => stand.get(deviceUpdate, { device: one, change: on, actor }))
    expect(after.logBodiesOf).toEqual([one])
    // Again, it is no change.
    expect(await stand.get(deviceUpdate, { device: one, change: on, actor })).toMatchObject({ logsBodies: true })
    expect((await rules()).revision).toBe(after.revision)

    const others = Array.from({ length: 999 }, (_, index) => imported(`H${index}`))
    await stand.get(deviceImport, { items: others, actor })
    await stand.sql.query(
      `update registry.devices set logs_bodies = true where serial_number in (select jsonb_array_elements_text($1::jsonb))`,
      [json(others.map(({ serialNumber }) => serialNumber))],
    )
    expect(await stand.ask(deviceUpdate, { device: two, change: { ...on, tags: ['t'] }, actor })).toMatchObject({
      error: { code: 'conflict' },
    })
    expect(await stand.get(deviceGet, { device: two })).toMatchObject({ logsBodies: false, tags: [] })
    const less = await changes(() => stand.get(deviceRemove, { device: one, actor }))
    expect(less.logBodiesOf).toHaveLength(999)

    const latecomers = ['J1', 'J2', 'J3', 'J4']
    await stand.get(deviceImport, { items: latecomers.map((serial) => imported(serial)), actor })
    const replies = await Promise.all(
      latecomers.map((serial) => stand.ask(deviceUpdate, { device: identity(serial).deviceKey, change: on, actor })),
    )
    expect(replies.filter(({ ok }) => ok)).toHaveLength(1)
  })

  test('changes at the same time are each a revision of their own', async () => {
    const before = await rules()
    await Promise.all(
      Array.from({ length: 6 }, (_, index) => stand.get(redirectPut, { rule: redirect(`c${index}`), actor })),
    )
    const after = await rules()
    expect(after.revision).toBe(before.revision + 6)
    expect(after.redirects.filter(({ name }) => name.startsWith('c'))).toHaveLength(6)
  })

  test('profiles that come with another version of Sluice are a new revision, once', async () => {
    const { revision } = await rules()
    expect(await noteShippedProfiles(stand.sql, 1)).toBeUndefined()
    await stand.sql.query(`update registry.rules set shipped_digest = 'of another version'`)
    expect(await noteShippedProfiles(stand.sql, 2)).toBe(revision + 1)
    expect(await noteShippedProfiles(stand.sql, 3)).toBeUndefined()
  })
})
