import { NO_FACTS, type Findings } from '@sluice/firmware'
import { expect, it } from 'vitest'
import { check, VerdictStatementSchema } from '@sluice/contracts'
import type { TrustKeyRow } from './store/trust-keys.ts'
import { aKeyRow } from './testing/a-key-row.ts'
import { IMAGE, ids, registered, sha256Of } from './testing/world.ts'
import { verdictOn } from './verdict-on.ts'

const findings = (facts: Partial<Extract<Findings['parsed'], { kind: 'parsed' }>['facts']>): Findings => ({
  measured: { size: IMAGE.length, sha256: sha256Of(IMAGE) },
  parsed: { kind: 'parsed', format: 'swupdate', facts: { ...NO_FACTS, ...facts }, unsigned: [] },
  digests: Array.from({ length: 5_000 }, (_, block) => ({ what: `sha256 of block ${block}`, holds: block !== 4_000 })),
  detached: [],
  embedded: [],
})
const artifactId = ids.artifact()
const KEY = aKeyRow({ key_id: '0123456789abcdef' })
const judged = (found: Findings, said = registered(artifactId, IMAGE), keys: readonly TrustKeyRow[] = []) =>
  verdictOn(
    said,
    { kind: 'examined', findings: found },
    { keys, thresholds: [], requiredKeys: 1 },
    Date.UTC(2026, 10, 30),
  )

it('fits a message of the bus, whatever an image says of itself and in whatever characters', () => {
  const noise = '\u0001\uD800'.repeat(10_000)
  const { verdict, sha256 } = judged(
    findings({
      version: noise,
      boards: Array.from({ length: 1_000 }, () => noise),
      members: Array.from({ length: 1_000 }, () => ({ name: noise, size: 1, sha256: null })),
      more: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${index}${noise}`, noise])),
      builtAt: Number.MAX_VALUE,
    }),
  )
  expect(check(VerdictStatementSchema, { artifactId, sha256, verdict })).toMatchObject({ kind: 'valid' })
  expect(Buffer.byteLength(JSON.stringify(verdict))).toBeLessThan(200_000)
  expect(verdict.evidence!.leftOut).toBeGreaterThan(2_900)
})

it('trusts the bytes that were looked at, and rejects those that were registered, whatever lies there by now', () => {
  const said = registered(artifactId, IMAGE, { sha256: 'f'.repeat(64) })
  expect(judged(findings({}), said)).toMatchObject({ sha256: said.sha256, verdict: { trusted: false } })
  const detached = [{ algorithm: 'ed25519', outcome: { kind: 'verified', keyId: KEY.key_id } }] as const
  const declared = { ...said, declaredSha256: sha256Of(IMAGE) }
  expect(judged({ ...findings({}), digests: [], detached }, declared, [KEY])).toMatchObject({
    sha256: sha256Of(IMAGE),
    verdict: { trusted: true },
  })
})

it('tells what failed, of however many checks', () => {
  const { verdict } = judged(findings({}))
  expect(verdict.checks.length).toBeLessThanOrEqual(64)
  expect(verdict.checks.filter(({ passed }) => !passed)).toEqual([
    expect.objectContaining({ check: 'stated_digest', detail: expect.stringContaining('block 4000') as string }),
  ])
  expect(verdict.reasons.map(({ code }) => code)).toEqual(['digest_stated_mismatch', 'unsigned'])
})

it.each([
  [{ kind: 'kept' }, 'kept', /are kept/],
  [{ kind: 'lost', why: 'the partition is formatted' }, 'lost', /lost: the partition is formatted/],
  [
    { kind: 'by_compat_version', compatVersion: '1.1', message: 'DSA' },
    'by_compat_version',
    /compat_version 1\.1 keep.*another minor version lose.*another major version refuse.*DSA/,
  ],
  [{ kind: 'unknown' }, 'unknown', /does not say/],
] as const)('says in a sentence what becomes of the settings: %j', (settings, effect, sentence) => {
  expect(judged(findings({ settings })).verdict.evidence!.settings).toMatchObject({
    effect,
    sentence: expect.stringMatching(sentence) as string,
  })
})
