import {
  trustKeyApprove,
  trustKeyLimit,
  trustKeyRevoke,
  trustThresholdApprove,
  trustThresholdPut,
  type InputOf,
} from '@sluice/contracts'
import { createJournal } from '@sluice/sql'
import { expect, it } from 'vitest'
import { IMAGE, type World } from './world.ts'

const [EVE, BOB] = ['operator:eve', 'operator:bob'] as const

/** What gives trust takes two persons; what takes it away takes one. */
export function secondPersons(world: () => World): void {
  /** A longer validity; null: the key itself. */
  type Seen = InputOf<typeof trustKeyApprove>['validity']
  const FOR_EVER: Seen = { validFrom: null, validUntil: null }
  const approve = (keyId: string, actor: string, validity: Seen = null) =>
    world().operator().request(trustKeyApprove, { keyId, validity, actor })

  it('a key vouches for nothing, and is not even tried, until another person than who added it agreed', async () => {
    const { addedKey, register, verdictOn, codes } = world()
    const key = await addedKey()
    const signatures = [key.signature(IMAGE)]
    const unknown = { trusted: false, evidence: { keys: [] } }
    expect(await verdictOn(await register(IMAGE, { signatures }))).toMatchObject(unknown)
    expect(await approve(key.keyId, EVE)).toMatchObject({ error: { code: 'forbidden' } })
    expect(await verdictOn(await register(IMAGE, { signatures }))).toMatchObject(unknown)
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
    expect(await approve(key.keyId, BOB, FOR_EVER)).toMatchObject({ error: { code: 'forbidden' } })
    expect(await approve(key.keyId, EVE, FOR_EVER)).toMatchObject({
      ok: true,
      data: { state: 'in_force', validUntil: null, proposed: null },
    })
    const later = await addedKey({ validFrom: new Date(Date.now() + 3_600_000).toISOString() })
    await approve(later.keyId, BOB)
    const atOnce = { keyId: later.keyId, validFrom: null, validUntil: null, actor: BOB }
    expect(await operator().request(trustKeyLimit, atOnce)).toMatchObject({
      ok: true,
      data: { state: 'not_yet_valid', proposed: { validFrom: null } },
    })
  })

  it('a revoked key is neither approved nor valid for longer any more', async () => {
    const { addedKey, operator } = world()
    const { keyId } = await addedKey()
    await operator().request(trustKeyRevoke, { keyId, reason: 'lost', actor: EVE })
    const refusal = { error: { code: 'conflict', detail: 'this key was revoked; it stays so' } }
    expect(await approve(keyId, BOB)).toMatchObject(refusal)
    const bounds = { validFrom: null, validUntil: null }
    expect(await operator().request(trustKeyLimit, { keyId, ...bounds, actor: BOB })).toMatchObject(refusal)
  })

  it('more keys are asked for at once, fewer when another person agreed', async () => {
    const { operator } = world()
    const scope = { oui: 'ABCDEF', productClass: null }
    const put = (requiredKeys: number) => operator().request(trustThresholdPut, { ...scope, requiredKeys, actor: EVE })
    const agree = (actor: string, requiredKeys = 2) =>
      operator().request(trustThresholdApprove, { ...scope, requiredKeys, actor })
    expect(await agree(BOB)).toMatchObject({ error: { code: 'not_found' } })
    expect(await put(3)).toMatchObject({ ok: true, data: { requiredKeys: 3, proposed: null } })
    expect(await put(2)).toMatchObject({ ok: true, data: { requiredKeys: 3, proposed: { requiredKeys: 2, by: EVE } } })
    expect(await agree(EVE)).toMatchObject({ error: { code: 'forbidden' } })
    expect(await agree(BOB)).toMatchObject({ ok: true, data: { requiredKeys: 2, proposed: null } })
  })

  it('a lower threshold that nobody agreed to has no effect, whatever is set for the vendor meanwhile', async () => {
    const { addedKey, operator, register, codes } = world()
    const model = { oui: 'ABCDE1', productClass: 'IGD' }
    const put = (productClass: string | null, requiredKeys: number) =>
      operator().request(trustThresholdPut, { ...model, productClass, requiredKeys, actor: EVE })
    const keys = [await addedKey(), await addedKey()]
    for (const { keyId } of keys) await approve(keyId, BOB)
    const image = () => register(IMAGE, { fits: [model], signatures: keys.map((key) => key.signature(IMAGE)) })
    await put(null, 2)
    expect(await put('IGD', 1)).toMatchObject({ ok: true, data: { requiredKeys: null, proposed: { requiredKeys: 1 } } })
    expect(await codes(await image())).toEqual([])
    await put(null, 3)
    expect(await codes(await image())).toEqual(['too_few_keys'])
    const agreed = await operator().request(trustThresholdApprove, { ...model, requiredKeys: 1, actor: BOB })
    expect(agreed).toMatchObject({ ok: true, data: { requiredKeys: 1, proposed: null } })
    expect(await codes(await image())).toEqual([])
  })

  it('who agrees, agrees to what they saw, and not to what was asked for since', async () => {
    const { addedKey, operator } = world()
    const key = await addedKey()
    const [soon, late] = [new Date(Date.now() + 86_400_000).toISOString(), '2099-01-01T00:00:00.000Z']
    const ask = (validUntil: string) =>
      operator().request(trustKeyLimit, { keyId: key.keyId, validFrom: null, validUntil, actor: EVE })
    const until = (validUntil: string) => ({ validFrom: null, validUntil })
    expect(await approve(key.keyId, BOB, FOR_EVER)).toMatchObject({ error: { code: 'conflict' } })
    await approve(key.keyId, BOB)
    await ask(new Date().toISOString())
    await ask(soon)
    await ask(late)
    for (const seen of [null, until(soon), FOR_EVER]) {
      expect(await approve(key.keyId, BOB, seen)).toMatchObject({
        error: { code: 'conflict', detail: expect.stringContaining(late) as string },
      })
    }
    expect(await approve(key.keyId, BOB, until(late))).toMatchObject({ ok: true, data: until(late) })

    const scope = { oui: 'ABCDE0', productClass: null }
    for (const requiredKeys of [3, 2, 1])
      await operator().request(trustThresholdPut, { ...scope, requiredKeys, actor: EVE })
    const agree = (requiredKeys: number) =>
      operator().request(trustThresholdApprove, { ...scope, requiredKeys, actor: BOB })
    expect(await agree(2)).toMatchObject({ error: { code: 'conflict' } })
    expect(await agree(1)).toMatchObject({ ok: true, data: { requiredKeys: 1 } })
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

  it('one person alone does not fill the store, and nobody needs a second one to make a place again', async () => {
    const { operator, addedKey } = world()
    const added: string[] = []
    for (let at = 0; at < 16; at += 1) added.push((await addedKey()).keyId)
    await expect(addedKey()).rejects.toThrow(/16 keys wait/)
    await operator().request(trustKeyRevoke, { keyId: added[0]!, reason: 'not needed', actor: BOB })
    await addedKey()
    await expect(addedKey()).rejects.toThrow(/16 keys wait/)
  })
}
