import { expect, test } from 'vitest'
import { checkHistory } from './check-history.ts'
import { type Data, type Forge, after, change, claimOf, claimedWith, moveTo, policyOf, without } from './forge.ts'
import type { CapsOfAll, History, JournalRow } from './history.ts'
import { honestHistory } from './honest-history.ts'

const ROOM = { inFlight: 9, unproven: 9 }
/** At the budget of the honest line; it is let in at 6 s, and the next one at 9 s. */
const bytesOfMs = (ms: number) => ms * 12_500
const all =
  (...forges: Forge[]): Forge =>
  (history) =>
    forges.reduce((forged, forge) => forge(forged), history)
const allowing =
  (capsOfAll: CapsOfAll): Forge =>
  (history) => ({ ...history, capsOfAll })
const sideBySide =
  (underWay: number): Forge =>
  (history) => ({ ...history, underWay })
const claimedAt = (n: number, at: number): Forge => rows((row) => (claimOf(n)(row) ? { ...row, at } : row))
const atSite = (n: number, site: string | null): Forge => change(claimOf(n), (data) => ({ ...data, site }))
const stillInFlight = without(moveTo(1, 'verifying'))
const stillUnproven = without(moveTo(1, 'verified'))
const imageOf =
  (size: number): Forge =>
  ({ reported, ...history }) => ({
    ...history,
    reported: { ...reported, artifacts: reported.artifacts.map((one) => ({ ...one, size })) },
  })
/** Somebody gave the campaign other caps, right after the claim of this device. */
const changedAfter = (n: number, to: object): Forge =>
  after(
    claimOf(n),
    ({ seq, at, campaignId }) =>
      ({
        seq: seq + 0.1,
        at,
        campaignId,
        direction: 'note',
        kind: 'campaign.caps_set',
        actor: 'operator:eve',
        data: { from: {}, to },
      }) as JournalRow,
  )
/** A device that was settled is unproven again, by what it says late. */
const takenBack = after(moveTo(1, 'verified'), (row) => moved(row, 'verified', 'success', 'verifying', 'unproven'))
/** Before anybody else is let in. */
const provenAgain = after(claimOf(2), (row) => ({
  ...moved(row, 'verifying', 'unproven', 'verified', 'success'),
  upgradeId: 'upg_1',
}))

/** The caps that are said to be exceeded, once each. */
const broken = (history: History) => [
  ...new Set(
    checkHistory(history)
      .map(({ rule }) => rule)
      .filter((rule) => rule.startsWith('cap_')),
  ),
]

const forged: readonly (readonly [rule: string, how: string, forge: Forge])[] = [
  [
    'cap_in_flight',
    'two in flight where one is allowed',
    all(policyOf({ caps: { ...ROOM, inFlight: 1 } }), stillInFlight),
  ],
  [
    'cap_in_flight',
    'a claim over a cap that was lowered before it',
    all(changedAfter(1, { ...ROOM, inFlight: 1 }), stillInFlight),
  ],
  ['cap_starts_per_minute', 'a third start after two were allowed', changedAfter(2, { ...ROOM, startsPerMinute: 2 })],
  [
    'cap_egress',
    'a claim on a line that was given away when its budget was put on',
    all(
      policyOf({ caps: ROOM }),
      imageOf(bytesOfMs(63_000)),
      changedAfter(1, { ...ROOM, egressBitsPerSecond: 100_000 }),
    ),
  ],
  [
    'cap_unproven',
    'a claim although as many as allowed are unproven',
    all(policyOf({ caps: { ...ROOM, unproven: 1 } }), stillUnproven),
  ],
  [
    'cap_unproven',
    'a claim although as many as allowed are in flight, and may be back in a moment',
    all(policyOf({ caps: { ...ROOM, unproven: 1 } }), stillInFlight, stillUnproven),
  ],
  [
    'cap_unproven',
    'a claim too many, however many rows are written side by side',
    all(policyOf({ caps: { ...ROOM, unproven: 1 } }), stillInFlight, stillUnproven, sideBySide(9)),
  ],
  [
    'cap_unproven',
    'a claim that had time to see what was taken back',
    all(policyOf({ caps: { ...ROOM, unproven: 1 } }), takenBack, sideBySide(3)),
  ],
  [
    'cap_site_in_flight',
    'two of one site in flight where one is allowed',
    all(policyOf({ caps: { ...ROOM, perSite: { inFlight: 1 } } }), stillInFlight),
  ],
  [
    'cap_site_unproven',
    'a claim at a site of which as many as allowed are unproven',
    all(policyOf({ caps: { ...ROOM, perSite: { inFlight: 9, unproven: 1 } } }), stillUnproven),
  ],
  ['cap_of_all_in_flight', 'one in flight in each of two campaigns, where one is allowed', beside({ inFlight: 1 })],
  ['cap_of_all_unproven', 'a claim although one of another campaign may be back in a moment', beside({ unproven: 1 })],
  [
    'cap_of_all_unproven',
    'a claim although as many as allowed are unproven',
    all(allowing({ unproven: 1 }), stillUnproven),
  ],
  [
    'cap_of_all_site_in_flight',
    'one of a site in flight in each of two campaigns, where one is allowed',
    beside({ perSiteInFlight: 1 }),
  ],
  [
    'cap_starts_per_minute',
    'three starts within a minute where two are allowed',
    policyOf({ caps: { ...ROOM, startsPerMinute: 2 } }),
  ],
  [
    'cap_starts_per_minute',
    'a third start a moment before a minute is over',
    all(policyOf({ caps: { ...ROOM, startsPerMinute: 2 } }), claimedAt(3, 65_999)),
  ],
  [
    'cap_of_all_starts_per_minute',
    'three starts in each of two campaigns, where five are allowed',
    beside({ startsPerMinute: 5 }),
  ],
  [
    'cap_egress',
    'a claim whose line is given away for a minute, by the image before it',
    claimedWith({ release: { imageBytes: bytesOfMs(63_000) } }),
  ],
  [
    'cap_egress',
    'a claim whose line is given away for a minute, by an image as large as the API says',
    imageOf(bytesOfMs(63_000)),
  ],
  [
    'cap_egress',
    'a claim whose line is given away for a minute by two images, neither of which takes as long',
    imageOf(bytesOfMs(34_000)),
  ],
]

test.each(forged)('%s is violated by: %s', (rule, _, forge) => {
  expect(broken(all(allowing({}), forge)(honestHistory()))).toEqual([rule])
})

const kept: readonly (readonly [how: string, forge: Forge])[] = [
  [
    'one who is back, where one may be in flight',
    all(
      policyOf({ caps: { ...ROOM, inFlight: 1, perSite: { inFlight: 1 } } }),
      allowing({ inFlight: 1, perSiteInFlight: 1 }),
      stillUnproven,
    ),
  ],
  [
    'two in flight after the cap was raised',
    all(policyOf({ caps: { ...ROOM, inFlight: 1 } }), changedAfter(1, ROOM), stillInFlight),
  ],
  [
    'two in flight when the cap is lowered to one, who are back before the next claim',
    changedAfter(2, { ...ROOM, inFlight: 1 }),
  ],
  [
    'a third start after the cap was taken off',
    all(policyOf({ caps: { ...ROOM, startsPerMinute: 2 } }), changedAfter(2, ROOM)),
  ],
  ['a claim after the budget of the line was taken off', all(imageOf(bytesOfMs(63_000)), changedAfter(1, ROOM))],
  [
    'two campaigns, of which each has its own caps',
    all(
      policyOf({ caps: { inFlight: 1, unproven: 1, startsPerMinute: 3, perSite: { inFlight: 1, unproven: 1 } } }),
      beside({}),
    ),
  ],
  [
    'two in flight of one campaign, at two sites',
    all(
      policyOf({ caps: { ...ROOM, perSite: { inFlight: 1, unproven: 1 } } }),
      allowing({ perSiteInFlight: 1 }),
      stillInFlight,
      stillUnproven,
      atSite(2, 'lane'),
      atSite(3, 'yard'),
    ),
  ],
  [
    'two in flight without a site',
    all(
      policyOf({ caps: { ...ROOM, perSite: { inFlight: 1, unproven: 1 } } }),
      allowing({ perSiteInFlight: 1 }),
      stillInFlight,
      atSite(1, null),
      atSite(2, null),
      atSite(3, null),
    ),
  ],
  [
    'a claim beside which an outcome is taken back',
    all(policyOf({ caps: { ...ROOM, unproven: 1 } }), allowing({ unproven: 1 }), takenBack, sideBySide(4)),
  ],
  [
    'a third start when a minute is over',
    all(policyOf({ caps: { ...ROOM, startsPerMinute: 2 } }), claimedAt(3, 66_000)),
  ],
  [
    'starts that replicas wrote in another order',
    all(
      policyOf({ caps: { ...ROOM, startsPerMinute: 1 } }),
      allowing({ startsPerMinute: 1 }),
      claimedAt(1, 70_000),
      claimedAt(2, 5_000),
      claimedAt(3, 140_000),
    ),
  ],
  [
    'a claim whose line is given away for a little less than a minute',
    claimedWith({ release: { imageBytes: bytesOfMs(62_999) } }),
  ],
  [
    'claims of two campaigns, of which each has a line',
    all(claimedWith({ release: { imageBytes: bytesOfMs(62_999) } }), beside({})),
  ],
]

test.each(kept)('no cap is violated by: %s', (_, forge) => {
  expect(broken(all(allowing({}), forge)(honestHistory()))).toEqual([])
})

test('two campaigns that go on side by side, each within its own caps, violate nothing where there is room for both', () => {
  const both = beside({ inFlight: 2, unproven: 2, startsPerMinute: 6, perSiteInFlight: 2 })
  expect(checkHistory(both(honestHistory()))).toEqual([])
})

test('on the embedded database, where one writes after the other, an outcome that is taken back counts at once', () => {
  const strict = policyOf({ caps: { ...ROOM, unproven: 1, perSite: { inFlight: 9, unproven: 1 } } })
  const history = all(strict, allowing({ unproven: 1 }), takenBack, provenAgain)(honestHistory())
  expect(broken(history)).toEqual(['cap_unproven', 'cap_of_all_unproven', 'cap_site_unproven'])
  expect(broken(sideBySide(1)(history))).toEqual([])
})

function rows(forge: (row: JournalRow) => JournalRow): Forge {
  return (history) => ({ ...history, rows: history.rows.map(forge) })
}

function moved(row: JournalRow, from: string, countedAs: string, to: string, countsAs: string): JournalRow {
  const { wave, version } = row.data as { wave: number; version: number }
  const data = { fact: { kind: 'informed' }, wave, from, to, countedAs, countsAs, version: version + 1 }
  return { ...row, seq: row.seq + 0.5, data }
}

/** The same campaign a second time, with devices of its own, row by row beside the first. */
function beside(capsOfAll: CapsOfAll): Forge {
  return ({ reported, ...history }) => ({
    ...history,
    capsOfAll,
    rows: history.rows.flatMap((row) => [row, again(row)]),
    reported: {
      ...reported,
      campaigns: reported.campaigns.flatMap((one) => [one, { ...one, campaignId: other(one.campaignId) }]),
      upgrades: reported.upgrades.flatMap((one) => [
        one,
        { ...one, upgradeId: other(one.upgradeId), campaignId: other(one.campaignId) },
      ]),
    },
  })
}

const other = (id: string) => `${id}, the other one`

function again({ seq, campaignId, upgradeId, deviceKey, data, ...row }: JournalRow): JournalRow {
  const { fact, ...rest } = data as Data & { fact?: { kind: string; attemptId?: string } }
  const claimed = fact?.attemptId === undefined ? fact : { kind: fact.kind, attemptId: other(fact.attemptId) }
  return {
    ...row,
    seq: seq + 0.5,
    campaignId: campaignId && other(campaignId),
    upgradeId: upgradeId && other(upgradeId),
    deviceKey: deviceKey && other(deviceKey),
    data: claimed === undefined ? rest : { ...rest, fact: claimed },
  }
}
