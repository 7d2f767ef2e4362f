import { trustKeyApprove, trustKeyLimit, trustThresholdApprove, trustThresholdPut } from '@sluice/contracts'
import { createJournal } from '@sluice/sql'
import { expect, it } from 'vitest'
import { IMAGE, type World } from './world.ts'

const [EVE, BOB] = ['operator:eve', 'operator:bob'] as const

/** What gives trust takes two persons; what takes it away takes one. */
export function secondPersons(world: () => World): void {
  const approve = (keyId: string, actor: string) => world().operator().request(trustKeyApprove, { keyId, actor })

  it('a key vouches for nothing until another person than who added it agreed', async () => {
    const { addedKey, register, codes } = world()
    const key = await addedKey()
    const signatures = [key.signature(IMAGE)]
    expect(await codes(await register(IMAGE, { signatures }))).toEqual(['key_not_approved', 'too_few_keys'])
    expect(await approve(key.keyId, EVE)).toMatchObject({ error: { code: 'forbidden' } })
    expect(await codes(await register(IMAGE, { signatures }))).toEqual(['key_not_approved', 'too_few_keys'])
    expect(await approve(key.keyId, BOB)).toMatchObject({
      ok: true,
      data: { state: 'in_force', addedBy: EVE, approval: { needed: true, givenBy: BOB } },
    })
    expect(await codes(await register(IMAGE, { signatures }))).toEqual([])
    expect(await approve(key.keyId, BOB)).toMatchObject({ error: { code: 'conflict' } })
  })

  it('a shorter validity holds at once, a longer one when another person agreed', async () => {
    const { addedKey, operator } = world()
    const key = await addedKey()
    await approve(key.keyId, BOB)
    const until = (validUntil: string | null) =>
      operator().request(trustKeyLimit, { keyId: key.keyId, validFrom: null, validUntil, actor: BOB })
    const past = new Date(Date.now() - 1_000).toISOString()
    expect(await until(past)).toMatchObject({ ok: true, data: { state: 'expired', proposed: null } })
    expect(await until(null)).toMatchObject({
      ok: true,
      data: { state: 'expired', validUntil: past, proposed: { validUntil: null, by: BOB } },
    })
    expect(await approve(key.keyId, BOB)).toMatchObject({ error: { code: 'forbidden' } })
    expect(await approve(key.keyId, EVE)).toMatchObject({
      ok: true,
      data: { state: 'in_force', validUntil: null, proposed: null },
    })
  })

  it('more keys are asked for at once, fewer when another person agreed', async () => {
    const { operator } = world()
    const scope = { oui: 'ABCDEF', productClass: null }
    const put = (requiredKeys: number) => operator().request(trustThresholdPut, { ...scope, requiredKeys, actor: EVE })
    const agree = (actor: string) => operator().request(trustThresholdApprove, { ...scope, actor })
    expect(await agree(BOB)).toMatchObject({ error: { code: 'not_found' } })
    expect(await put(3)).toMatchObject({ ok: true, data: { requiredKeys: 3, proposed: null } })
    expect(await put(2)).toMatchObject({ ok: true, data: { requiredKeys: 3, proposed: { requiredKeys: 2, by: EVE } } })
    expect(await agree(EVE)).toMatchObject({ error: { code: 'forbidden' } })
    expect(await agree(BOB)).toMatchObject({ ok: true, data: { requiredKeys: 2, proposed: null } })
  })

  it('who asked for what and who agreed stands in the journal', async () => {
    const { addedKey, hub } = world()
    const key = await addedKey()
    await approve(key.keyId, BOB)
    const rows = await createJournal('verifier').read(hub.sql, { limit: 1_000 })
    const ofKey = rows.filter(({ data }) => (data as { keyId?: string }).keyId === key.keyId)
    expect(ofKey.map(({ kind, actor }) => [kind, actor])).toEqual([
      ['trust_key.added', EVE],
      ['trust_key.approved', BOB],
    ])
  })
}
