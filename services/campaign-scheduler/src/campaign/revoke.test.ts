import { artifactRevoked } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { freshDatabase, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, expect, inject, test } from 'vitest'
import { campaign, control, planned, tryTo } from '../testing/drive.ts'
import { type HeldSql, createHeldSql, untilItCannotGoOn } from '../testing/held-sql.ts'
import { isRevoked, release, tellRevocation } from '../testing/release.ts'
import { ACTOR, type World, closeEmbedded, createWorld } from '../testing/world.ts'

// Two transactions at once: the embedded database has one connection.

const DAY = 86_400_000

/** Where whoever lets a campaign run has looked at the releases, and written nothing yet. */
const LOOKED_AT_RELEASES = /left join scheduler\.revoked_releases/
/** Where a revocation has looked for its campaigns, and locked none yet. */
const LOOKED_FOR_CAMPAIGNS = /scheduler\.campaigns.*jsonb_build_object\('(?:releaseId|artifactId)'/s

let world: World | undefined
afterEach(() => world?.close())
afterAll(closeEmbedded)

async function open(): Promise<{ here: World; held: HeldSql }> {
  const here = await createWorld(async () => connectPostgres({ url: await freshDatabase(inject('postgresUrl')) }))
  world = here
  const held = createHeldSql()
  // Nobody else locks the campaign: its gate is looked at in ten days.
  await here.scheduler({ requireRelease: true, gateEveryMs: 10 * DAY }, undefined, held.sql)
  return { here, held }
}

const CASES = (['start', 'resume'] as const).flatMap((action) =>
  (['rests on', 'would change to'] as const).map((how) => [action, how] as const),
)

/** A campaign that can start or resume, and the release that it would run on: its first, or where that is over the next. */
async function prepare(here: World, [action, how]: (typeof CASES)[number]) {
  const first = await release(here, { expires: new Date(here.clock.now() + DAY).toISOString() })
  const { campaignId } = await planned(here)
  if (action === 'resume') {
    await control(here, campaignId, 'start')
    await control(here, campaignId, 'pause')
  }
  if (how === 'rests on') return { campaignId, releaseId: first }
  here.clock.shift(DAY)
  return { campaignId, releaseId: await release(here) }
}

test.each(CASES)(
  '%s first: the release that the campaign %s is revoked before that is committed, and ends it',
  async (...how) => {
    const { here, held } = await open()
    const { campaignId, releaseId } = await prepare(here, how)
    const looked = held.hold(LOOKED_AT_RELEASES)
    const answer = tryTo(here, campaignId, how[0])
    await looked
    await tellRevocation(here, releaseId)
    const revoked = waitUntil(() => isRevoked(here, releaseId))
    await untilItCannotGoOn(here.sql, revoked)
    held.release()
    await Promise.all([answer, revoked])
    expect(await campaign(here, campaignId)).toMatchObject({
      state: 'aborted',
      stateReason: 'the release was revoked: key stolen',
    })
  },
)

test.each(CASES)(
  '%s is refused where the release that the campaign %s is being revoked at that moment',
  async (...how) => {
    const { here, held } = await open()
    const { campaignId, releaseId } = await prepare(here, how)
    const before = (await campaign(here, campaignId)).state
    const looked = held.hold(LOOKED_FOR_CAMPAIGNS)
    await tellRevocation(here, releaseId)
    await looked
    const answer = tryTo(here, campaignId, how[0])
    await untilItCannotGoOn(here.sql, answer)
    held.release()
    const [code, after] = how[1] === 'rests on' ? ['campaign_state', 'aborted'] : ['release_expired', before]
    expect(await answer).toBe(code)
    expect(await campaign(here, campaignId)).toMatchObject({ state: after })
  },
)

test.each([
  ['release', 'release_revoked'],
  ['artifact', 'artifact_not_trusted'],
])('a campaign that a revocation of its %s was too early to see does not start', async (what, code) => {
  const { here, held } = await open()
  const releaseId = await release(here)
  const looked = held.hold(LOOKED_FOR_CAMPAIGNS)
  if (what === 'release') await tellRevocation(here, releaseId)
  else {
    const { artifactId } = here.artifact
    const data = { artifactId, reason: 'leaked key', actor: ACTOR }
    await here.bus.publish(artifactRevoked, [{ id: createIds().event(), key: artifactId, data }])
  }
  await looked
  const { campaignId } = await planned(here)
  const answer = tryTo(here, campaignId, 'start')
  await untilItCannotGoOn(here.sql, answer)
  held.release()
  expect(await answer).toBe(code)
})
