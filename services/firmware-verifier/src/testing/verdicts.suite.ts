import { artifactRegistered } from '@sluice/contracts'
import { readPublicKey, signersOf } from '@sluice/firmware'
import type { ImageStore } from '@sluice/image-store'
import { systemClock } from '@sluice/runtime'
import { createJournal } from '@sluice/sql'
import { expect, it } from 'vitest'
import { createExaminer } from '../examine/examiner.ts'
import { judgeRegistered } from '../judge-registered.ts'
import { createObservability } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { createVerdictSigner } from '../sign-verdict.ts'
import { METADATA, sysupgrade } from './sysupgrade.ts'
import {
  IMAGE,
  SETTINGS,
  VERDICT_PAIR,
  ids,
  log,
  pemOf,
  registered,
  sha256Of,
  statementIn,
  type Registered,
  type World,
} from './world.ts'

const JOURNAL = createJournal('verifier')

/** What a verdict says, and that there is one of each image. */
export function verdicts(world: () => World): void {
  it('trusts an image signed by a key of the store, and says what it looked at and who signed', async () => {
    const { addedKey, register, verdictOn } = world()
    const key = await addedKey({ name: 'Acme release 2026' })
    const signatures = [key.signature(IMAGE)]
    const verdict = await verdictOn(await register(IMAGE, { signatures, declaredSize: IMAGE.length }))
    expect(verdict).toMatchObject({ trusted: true, reasons: [] })
    expect(verdict.checks.map((check) => [check.check, check.passed])).toEqual([
      ['size', true],
      ['sha256', true],
      ['format', true],
      ['model', true],
      ['signature', true],
    ])
    expect(verdict.checks.at(-1)!.keyId).toBe(key.keyId)
    expect(verdict.evidence).toMatchObject({
      format: 'raw',
      size: IMAGE.length,
      sha256: sha256Of(IMAGE),
      boards: null,
      settings: { effect: 'unknown' },
      keys: [{ keyId: key.keyId, name: 'Acme release 2026', vouches: true, certificate: null, chain: [] }],
      requiredKeys: 1,
      leftOut: 0,
    })
  })

  it('reads an image for what it is: what it fits, which version it is, and what it does to settings', async () => {
    const { addedKey, register, verdictOn } = world()
    const key = await addedKey()
    const image = sysupgrade(IMAGE, METADATA)
    const said = { boards: ['acme,router-1'], version: '23.05.3', signatures: [key.signature(image)] }
    const verdict = await verdictOn(await register(image, said))
    expect(verdict).toMatchObject({ trusted: true, reasons: [] })
    expect(verdict.evidence).toMatchObject({
      format: 'openwrt_sysupgrade',
      version: '23.05.3',
      boards: ['acme,router-1', 'acme,router-2'],
      settings: {
        effect: 'by_compat_version',
        sentence: expect.stringMatching(/compat_version 1\.1 keep.*the switch is driven otherwise/) as string,
      },
    })
    expect(verdict.checks.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['stated_digest', 'version', 'board']) as string[],
    )
  })

  it('signs what it says, of which bytes and when', async () => {
    const { addedKey, register, verdictOn, trusted } = world()
    const key = await addedKey()
    const artifactId = await register(IMAGE, { signatures: [key.signature(IMAGE)] })
    const { at } = await verdictOn(artifactId)
    const event = trusted.find((judged) => judged.artifactId === artifactId)!
    const read = readPublicKey(pemOf(VERDICT_PAIR.publicKey))
    if (read.kind === 'refused') throw new Error(read.detail)
    const type = 'application/vnd.sluice.verdict+json'
    expect([...signersOf(event.statement, type, [read.publicKey])]).toEqual([read.publicKey.keyId])
    expect(statementIn(event)).toMatchObject({ artifactId, sha256: sha256Of(IMAGE), verdict: { trusted: true, at } })
  })

  it('judges an image once, however often it is told of it, and by however many', async () => {
    const { images, addedKey, register, verdictOn, trusted } = world()
    const key = await addedKey()
    const signatures = [key.signature(IMAGE)]
    const event = (artifactId: string) => registration(artifactId, signatures)
    const replica = () => replicaOn(world())
    const rowsOf = (artifactId: string) => journalOf(artifactId, world())

    // As the bus would after a crash between our commit and our acknowledgement.
    const known = await register(IMAGE, { signatures })
    await verdictOn(known)
    await judgeRegistered([event(known)], replica())
    expect(await rowsOf(known)).toEqual(['in', 'out'])
    expect(trusted.filter((judged) => judged.artifactId === known)).toHaveLength(1)

    const fresh = event(ids.artifact())
    await images.quarantine(fresh.data.artifactId, oneOf(IMAGE), { maxBytes: 1e6 })
    await Promise.all([judgeRegistered([fresh], replica()), judgeRegistered([fresh], replica())])
    expect(await rowsOf(fresh.data.artifactId)).toEqual(['in', 'out'])
  })

  it('judges the others of a batch where one cannot be read now, and leaves that one for later', async () => {
    const { images, addedKey } = world()
    const key = await addedKey()
    const [late, good] = [ids.artifact(), ids.artifact()]
    for (const artifactId of [late, good]) await images.quarantine(artifactId, oneOf(IMAGE), { maxBytes: 1e6 })
    const away = Object.assign(new Error('503'), { code: 'unavailable' })
    const openQuarantined: ImageStore['openQuarantined'] = (artifactId) =>
      artifactId === late ? Promise.reject(away) : images.openQuarantined(artifactId)
    const batch = [late, good].map((artifactId) => registration(artifactId, [key.signature(IMAGE)]))
    const judging = judgeRegistered(batch, replicaOn(world(), { ...images, openQuarantined }))
    await expect(judging).rejects.toBe(away)
    expect(await journalOf(good, world())).toEqual(['in', 'out'])
    expect(await journalOf(late, world())).toEqual([])
  })
}

function registration(artifactId: string, signatures: Registered['signatures']) {
  return {
    id: ids.event(),
    name: artifactRegistered.name,
    source: 'artifact-resolver',
    time: 0,
    data: registered(artifactId, IMAGE, { signatures }),
  }
}

/** Another verifier on the same database, which tells nobody. */
function replicaOn({ hub, operator, images }: World, store: ImageStore = images): Parts {
  return {
    sql: hub.sql,
    bus: operator(),
    images: store,
    clock: systemClock,
    ids,
    log,
    journal: JOURNAL,
    relay: { start: () => undefined, wake: () => undefined, stop: async () => undefined },
    settings: SETTINGS,
    observability: createObservability(),
    examiner: createExaminer(store, systemClock, SETTINGS),
    signVerdict: createVerdictSigner(VERDICT_PAIR.privateKey),
  }
}

/** The directions of what the journal holds of an artifact. */
async function journalOf(artifactId: string, { hub }: World): Promise<string[]> {
  return (await JOURNAL.read(hub.sql, { limit: 1_000 }))
    .filter(({ data }) => (data as { artifactId?: string }).artifactId === artifactId)
    .map(({ direction }) => direction)
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
