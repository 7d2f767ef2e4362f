import { expect, test } from 'vitest'
import { checkHistory } from './check-history.ts'
import {
  type Data,
  type Forge,
  after,
  change,
  claimOf,
  claimedWith,
  moveTo,
  onDevice,
  paused,
  policyOf,
  waveOpened,
  without,
} from './forge.ts'
import type { History, JournalRow } from './history.ts'
import { honestHistory } from './honest-history.ts'

test('an honest history has no violations', () => {
  expect(checkHistory(honestHistory())).toEqual([])
})

const HOUR = 3_600_000
const GATE = { minSettled: 1, successThreshold: 0.9, failureThreshold: 0.5, limits: {} }
const counters = (history: History, more: object): History => {
  const [campaign] = history.reported.campaigns
  const changed = { ...campaign!, counters: { ...campaign!.counters, ...more } }
  return { ...history, reported: { ...history.reported, campaigns: [changed] } }
}

const forged: readonly (readonly [rule: string, how: string, forge: Forge])[] = [
  [
    'one_open_attempt',
    'another upgrade takes a device that is held',
    after(claimOf(1), (row) => ({
      ...row,
      upgradeId: 'upg_2',
      data: { ...(row.data as Data), fact: { kind: 'claim_committed', attemptId: 'fw9' } },
    })),
  ],
  [
    'attempt_ids_are_new',
    'one attempt id for two devices',
    change(claimOf(2), (data) => ({ ...data, fact: { kind: 'claim_committed', attemptId: 'fw1' } })),
  ],
  ['one_download_per_attempt', 'a Download is received twice', onDevice(1, (lines) => [lines[0]!, ...lines])],
  [
    'committed_before_download',
    'a Download that nobody committed',
    onDevice(4, (lines) => [...lines, { ...lines[0]!, what: 'download_received', commandKey: 'fwX' }]),
  ],
  [
    'committed_before_download',
    'a Download before its claim was committed',
    onDevice(1, (lines) => lines.map((line) => ({ ...line, at: new Date(0).toISOString() }))),
  ],
  [
    'one_download_at_a_time',
    'a second key while the first is open',
    onDevice(1, (lines) => [lines[0]!, { ...lines[0]!, commandKey: 'fw2' }]),
  ],
  [
    'campaign_was_planned',
    'upgrades of a campaign that nobody created',
    without((row) => row.kind === 'campaign.created'),
  ],
  [
    'no_claim_unless_running',
    'a claim behind a pause',
    (history) => {
      const pause = history.rows.find(paused)!
      return after(waveOpened(2), () => pause)(history)
    },
  ],
  [
    'no_claim_after_the_closing',
    'a claim of a campaign that was closed',
    after(waveOpened(2), (row) => ({ ...row, seq: row.seq + 0.1, kind: 'campaign.closed' })),
  ],
  ['no_claim_unless_running', 'a claim of a campaign nobody started', without((row) => isStart(row))],
  [
    'no_claim_outside_windows',
    'a claim an hour late',
    policyOf({ windows: [{ zone: 'UTC', from: '02:00', to: '03:00' }] }),
  ],
  [
    'no_claim_outside_windows',
    'a claim on another day than the window’s',
    policyOf({ windows: [{ zone: 'UTC', days: [5], from: '01:00', to: '02:00' }] }),
  ],
  [
    'no_claim_outside_windows',
    'a claim on the day after a window that ended at midnight',
    policyOf({ windows: [{ zone: 'UTC', days: [4], from: '23:00', to: '01:30' }] }),
  ],
  [
    'no_claim_in_a_freeze',
    'a claim in a freeze',
    policyOf({ freeze: [{ from: '1970-01-01T00:00:00Z', to: '1970-01-01T01:00:00Z' }] }),
  ],
  ['a_second_person_agreed', 'a start that nobody else agreed to', without((row) => row.kind === 'campaign.approved')],
  [
    'a_second_person_agreed',
    'a start that its creator alone agreed to',
    (history) => ({
      ...history,
      rows: history.rows.map((row) => (row.kind === 'campaign.approved' ? { ...row, actor: 'operator:eve' } : row)),
    }),
  ],
  [
    'counters_are_the_fold',
    'an upgrade that was added and never counted',
    after(waveOpened(1), (row) => ({ ...row, kind: 'upgrade.planned', upgradeId: 'upg_5', data: { wave: 1, leg: 2 } })),
  ],
  ['no_claim_in_a_closed_wave', 'a claim before its wave was open', without(waveOpened(2))],
  ['moves_join', 'a move is missing', without(moveTo(2, 'verifying'))],
  ['moves_join', 'two writers with one version', change(moveTo(1, 'verified'), (data) => ({ ...data, version: 3 }))],
  [
    'one_current_outcome',
    'the API says another outcome',
    (history) => ({
      ...history,
      reported: {
        ...history.reported,
        upgrades: history.reported.upgrades.map((one) => ({ ...one, state: 'failed' })),
      },
    }),
  ],
  [
    'one_current_outcome',
    'the API tells of one upgrade twice',
    reportedUpgrades((upgrades) => [...upgrades, upgrades[0]!]),
  ],
  [
    'one_current_outcome',
    'the API does not tell of an upgrade that has moved',
    reportedUpgrades((upgrades) => upgrades.slice(1)),
  ],
  ['counters_are_the_fold', 'a lost update of a counter', (history) => counters(history, { success: 1 })],
  [
    'outcomes_are_the_fold',
    'an outcome that nobody had',
    (history) => {
      const [campaign] = history.reported.campaigns
      const campaigns = [{ ...campaign!, outcomes: { ...campaign!.outcomes, failed: 1 } }]
      return { ...history, reported: { ...history.reported, campaigns } }
    },
  ],
  [
    'finished_means_settled',
    'finished although one never settled',
    (history) => {
      const open = without(moveTo(4, 'cancelled'))(history)
      const campaigns = history.reported.campaigns.map((one) => ({ ...one, state: 'finished' }))
      return { ...open, reported: { ...open.reported, campaigns } }
    },
  ],
  [
    'decisions_are_on_the_fold',
    'a wave is opened on figures that are not the journal’s',
    change(waveOpened(2), (data) => ({ ...data, counters: { ...(data['counters'] as object), success: 0, hard: 2 } })),
  ],
  [
    'decisions_count_everybody',
    'a decision on fewer upgrades than there are',
    change(paused, (data) => ({ ...data, counters: {} })),
  ],
  [
    'gate_opens_on_success',
    'the next wave is opened although the one before was hurt',
    (history) => {
      const hurt = change(moveTo(2, 'verified'), (data) => ({ ...data, to: 'failed', countsAs: 'hard' }))(history)
      return change(waveOpened(2), (data) => ({
        ...data,
        counters: { ...(data['counters'] as object), success: 1, hard: 1 },
      }))(hurt)
    },
  ],
  [
    'gate_opens_on_success',
    'the next wave is opened although a limit was passed',
    (history) => {
      const strict = change(
        (row) => row.kind === 'campaign.created',
        ({ policy }) => {
          const { gate, ...rest } = policy as { gate: object }
          return { policy: { ...rest, gate: { ...gate, successThreshold: 0.5, limits: { hard: 0 } } } }
        },
      )(history)
      const hurt = change(moveTo(2, 'verified'), (data) => ({ ...data, to: 'failed', countsAs: 'hard' }))(strict)
      return change(waveOpened(2), (data) => ({
        ...data,
        counters: { ...(data['counters'] as object), success: 1, hard: 1 },
      }))(hurt)
    },
  ],
  [
    'decisions_count_everybody',
    'a decision on one upgrade too many, while others were under way',
    (history) => ({
      ...change(waveOpened(2), (data) => ({ ...data, counters: { ...(data['counters'] as object), unproven: 1 } }))(
        history,
      ),
      underWay: 9,
    }),
  ],
  [
    'gate_waits_for_approval',
    'the next wave is opened without the approval it waits for',
    change(
      (row) => row.kind === 'campaign.created',
      (data) => ({ policy: { ...(data['policy'] as object), waves: [{ advance: 'manual' }, { advance: 'auto' }] } }),
    ),
  ],
  [
    'gate_stops_on_harm',
    'a stop although nobody was hurt',
    (history) => {
      const well = change(moveTo(3, 'rolled_back'), (data) => ({ ...data, countsAs: 'success' }))(history)
      return change(paused, (data) => ({
        ...data,
        counters: { ...(data['counters'] as object), success: 3, hard: 0 },
      }))(well)
    },
  ],
  [
    'gate_opens_on_success',
    'the next wave is opened on accepted harm, and nobody approved that',
    (history) => resumedBefore(waveOpened(2), hurtBeforeWave2(history)),
  ],
  [
    'gate_stops_on_harm',
    'a resumed campaign is stopped although nobody was hurt',
    (history) => {
      const well = change(moveTo(3, 'rolled_back'), (data) => ({ ...data, countsAs: 'success' }))(history)
      const stopped = change(paused, (data) => ({
        ...data,
        counters: { ...(data['counters'] as object), success: 3, hard: 0 },
      }))(well)
      return resumedBefore(waveOpened(2), stopped)
    },
  ],
  [
    'gate_finishes_the_settled',
    'finished by the gate with upgrades open',
    change(paused, (data) => ({ ...data, to: 'finished' })),
  ],
  [
    'outcome_is_the_devices',
    'verified, and the device fell back',
    onDevice(1, (lines) => [...lines, { ...lines[0]!, what: 'fell_back' }]),
  ],
  [
    'outcome_is_the_devices',
    'rolled back, and the device runs the new version',
    onDevice(3, (lines) => lines.filter(({ what }) => what !== 'fell_back')),
  ],
  [
    'outcome_is_the_devices',
    'cancelled, and the device installed it',
    (history) =>
      onDevice(4, (lines) => [
        ...lines,
        { ...lines[0]!, what: 'download_received', commandKey: 'fw4' },
        { ...lines[0]!, what: 'flashed' },
      ])(
        change(moveTo(4, 'cancelled'), (data) => ({ ...data, fact: { kind: 'claim_committed', attemptId: 'fw4' } }))(
          history,
        ),
      ),
  ],
  [
    'outcome_is_the_devices',
    'verified, and the device lost its settings',
    onDevice(1, (lines) => [...lines, { ...lines[0]!, what: 'settings_lost', how: 'silently' }]),
  ],
  [
    'devices_are_sane',
    'the simulator itself failed',
    onDevice(4, (lines) => [...lines, { ...lines[0]!, what: 'defect', reason: 'x' }]),
  ],
  [
    'hash_chain',
    'a sealed row was changed',
    withChain(({ rows, ...chain }) => ({ ...chain, rows: new Map([...rows, [2, ['forged']]]) })),
  ],
  [
    'hash_chain',
    'a sealed row is gone',
    withChain(({ rows, ...chain }) => ({ ...chain, rows: new Map([...rows].filter(([seq]) => seq !== 2)) })),
  ],
  ['hash_chain', 'a row that no batch knows', withChain((chain) => ({ ...chain, unsealed: [] }))],
  ['hash_chain', 'a batch is gone', withChain((chain) => ({ ...chain, batches: chain.batches.slice(1) }))],
]

test.each(forged)('%s is violated by: %s', (rule, _, forge) => {
  const broken = checkHistory(forge(honestHistory()))
  expect(broken.map((violation) => violation.rule)).toContain(rule)
})

/** These break one rule and no other. */
const forgedAlone: readonly (readonly [rule: string, how: string, forge: Forge])[] = [
  [
    'no_claim_too_late_to_end',
    'three quarters of an hour before which its window ends',
    policyOf({ windows: [{ zone: 'UTC', days: [4], from: '01:00', to: '01:45' }] }),
  ],
  ['no_claim_too_late_to_end', 'no hour left for a late start', policyOf({ strictWindows: true })],
  ['no_claim_too_late_to_end', 'no time left for its delay', policyOf({ delivery: { delaySeconds: 900 } })],
  ['no_claim_too_late_to_end', 'no time left for its own image', claimedWith({ release: { imageBytes: 40_000_000 } })],
  [
    'no_claim_too_late_to_end',
    'no time left for an image as large as the API says',
    ({ reported, ...history }) => ({
      ...history,
      reported: { ...reported, artifacts: reported.artifacts.map((one) => ({ ...one, size: 40_000_000 })) },
    }),
  ],
  [
    'no_claim_too_late_to_end',
    'no time left before a freeze in the window',
    policyOf({ freeze: [{ from: '1970-01-01T00:45:00Z', to: '1970-01-02T00:00:00Z' }] }),
  ],
  [
    'no_claim_too_late_to_end',
    'no time left before a freeze where no windows are',
    policyOf({ windows: [], freeze: [{ from: '1970-01-01T00:45:00Z', to: '1970-01-02T00:00:00Z' }] }),
  ],
  ['handed_windows_are_the_policys', 'a window that ends too late', handed(6_000, 2 * HOUR)],
  ['handed_windows_are_the_policys', 'a window that begins too late', handed(HOUR, HOUR + 1)],
  [
    'handed_windows_are_the_policys',
    'one of windows by the clock of the policy’s zone, not of the subscriber’s',
    handed(HOUR, 2 * HOUR),
  ],
  [
    'no_freeze_is_handed_out',
    'a window that ends in a freeze',
    (history) =>
      policyOf({ freeze: [{ from: '1970-01-01T00:50:00Z', to: '1970-01-02T00:00:00Z' }] })(
        handed(6_000, HOUR)(history),
      ),
  ],
  [
    'no_freeze_is_handed_out',
    'a window that begins in a freeze',
    (history) =>
      policyOf({ windows: [], freeze: [{ from: '1970-01-01T02:00:00Z', to: '1970-01-01T03:00:00Z' }] })(
        handed(2 * HOUR, 4 * HOUR)(history),
      ),
  ],
  ['handed_windows_are_the_next', 'a window of next week', handed(7 * 24 * HOUR, 7 * 24 * HOUR + HOUR)],
  ['handed_windows_are_the_next', 'a window that has begun before it was told', handed(5_999, HOUR)],
  ['handed_windows_are_the_next', 'a window that is no time at all', handed(6_000, 6_000)],
  ['handed_windows_have_room', 'the first half of a window', handed(6_000, HOUR / 2)],
  [
    'handed_windows_have_room',
    'half an hour before a freeze where no windows are',
    (history) =>
      policyOf({ windows: [], freeze: [{ from: '1970-01-01T00:30:00Z', to: '1970-01-02T00:00:00Z' }] })(
        [1, 2, 3].reduce((all, n) => handed(60_000, HOUR / 2, n)(all), history),
      ),
  ],
  [
    'handed_windows_have_room',
    'the end of a window',
    (history) =>
      policyOf({ windows: [{ zone: 'UTC', from: '01:00', to: '02:00' }], freeze: [] })(
        handed(HOUR / 2, 25 * HOUR)(history),
      ),
  ],
  ['decisions_have_counters', 'a wave is opened on no figures', change(waveOpened(2), withoutFigures)],
  ['decisions_have_counters', 'a stop on no figures', change(paused, withoutFigures)],
  ['decisions_have_counters', 'a start on no figures', change(isStart, withoutFigures)],
  ['gate_stops_on_harm', 'stopped by a gate outside that it has not', stoppedWell('the gate outside said stop')],
  [
    'gate_stops_on_harm',
    'stopped for a release that has not yet expired',
    stoppedWell('the release of 2 expired 1970-01-02T00:00:00.000Z'),
  ],
  ['gate_stops_on_harm', 'stopped for no more overdue than are allowed', stoppedForOverdue(1, 1)],
  ['gate_stops_on_harm', 'stopped for more overdue than were on their way', stoppedForOverdue(2, 1)],
  ['gate_stops_on_harm', 'stopped for overdue where nothing limits them', stoppedForOverdue(1, undefined)],
]

test.each(forgedAlone)('%s alone is violated by: %s', (rule, _, forge) => {
  const broken = checkHistory(forge(honestHistory())).map((violation) => violation.rule)
  expect([...new Set(broken)]).toEqual([rule])
})

const explained: readonly (readonly [what: string, forge: Forge])[] = [
  [
    'a stop by the gate outside that it has',
    (history) =>
      policyOf({ gate: { ...GATE, external: { by: 'bus' } } })(stoppedWell('the gate outside said stop')(history)),
  ],
  ['a stop for a release that has expired', stoppedWell('the release of 2 expired 1970-01-01T00:00:01.000Z')],
  ['a stop for more overdue than are allowed', stoppedForOverdue(1, 0)],
  ['a device that is handed the rest of the window', handed(6_000, HOUR)],
  [
    'a device that is handed two windows',
    (history) =>
      policyOf({ windows: [{ zone: 'UTC', from: '01:00', to: '02:00' }], freeze: [] })(
        handed(6_000, 25 * HOUR)(history),
      ),
  ],
  [
    'devices that are told in a freeze, of a window behind it',
    (history) =>
      policyOf({
        windows: [{ zone: 'UTC', from: '03:00', to: '05:00' }],
        freeze: [{ from: '1970-01-01T00:00:00Z', to: '1970-01-01T01:00:00Z' }],
      })([1, 2, 3].reduce((all, n) => handed(2 * HOUR, 4 * HOUR, n)(all), history)),
  ],
  [
    'claims until the last moment at which there is time',
    policyOf({ windows: [{ zone: 'UTC', from: '00:50', to: '01:46' }] }),
  ],
  [
    'claims that end before a freeze where no windows are',
    policyOf({ windows: [], freeze: [{ from: '1970-01-01T00:46:00Z', to: '1970-01-02T00:00:00Z' }] }),
  ],
]

test.each(explained)('no rule is violated by %s', (_, forge) => {
  expect(checkHistory(forge(honestHistory()))).toEqual([])
})

test('an approval from before a resume explains nothing', () => {
  const honest = hurtBeforeWave2(honestHistory())
  const approval = { kind: 'campaign.wave_approved', actor: 'operator:eve', data: { wave: 1 } }
  const approvedFirst = {
    ...honest,
    rows: honest.rows.flatMap((row) => (waveOpened(2)(row) ? [{ ...row, ...approval }, row] : [row])),
  }
  const resumed = resumedBefore(waveOpened(2), approvedFirst)
  expect(checkHistory(resumed).map(({ rule }) => rule)).toContain('gate_opens_on_success')
})

test('a wave that is all settled is left on accepted harm once somebody approved that', () => {
  const resumed = resumedBefore(waveOpened(2), hurtBeforeWave2(honestHistory()))
  const approval = { kind: 'campaign.wave_approved', actor: 'operator:eve', data: { wave: 1 } }
  const rows = resumed.rows.flatMap((row) => (waveOpened(2)(row) ? [{ ...row, ...approval }, row] : [row]))
  expect(checkHistory({ ...resumed, rows }).map(({ rule }) => rule)).not.toContain('gate_opens_on_success')
})

function reportedUpgrades(
  forge: (upgrades: History['reported']['upgrades']) => History['reported']['upgrades'],
): Forge {
  return ({ reported, ...history }) => ({
    ...history,
    reported: { ...reported, upgrades: forge(reported.upgrades) },
  })
}

/** Somebody has seen the figures of a campaign that stopped, and lets it go on. */
function resumedBefore(fits: (row: JournalRow) => boolean, history: History): History {
  const resume = ({ data }: JournalRow) => ({
    kind: 'campaign.moved',
    actor: 'operator:eve',
    data: { from: 'paused', to: 'running', reason: null, counters: (data as Data)['counters'] },
  })
  return { ...history, rows: history.rows.flatMap((row) => (fits(row) ? [{ ...row, ...resume(row) }, row] : [row])) }
}

function hurtBeforeWave2(history: History): History {
  const hurt = change(moveTo(2, 'verified'), (data) => ({ ...data, to: 'failed', countsAs: 'hard' }))(history)
  return change(waveOpened(2), (data) => ({
    ...data,
    counters: { ...(data['counters'] as object), success: 1, hard: 1 },
  }))(hurt)
}

function isStart(row: JournalRow): boolean {
  return row.kind === 'campaign.moved' && (row.data as { to: string }).to === 'running'
}

function withChain(forge: (chain: History['chains'][number]) => History['chains'][number]): Forge {
  return (history) => ({ ...history, chains: history.chains.map(forge) })
}

function withoutFigures(data: Data): Data {
  const { counters: _, ...rest } = data
  return rest
}

/** A claim that is told by ScheduleDownload. */
function handed(from: number, until: number, n = 1): Forge {
  return claimedWith({ schedule: { from, until } }, n)
}

/** Nobody was hurt, and the campaign stopped all the same. */
function stoppedWell(reason: string): Forge {
  return (history) => {
    const well = change(moveTo(3, 'rolled_back'), (data) => ({ ...data, countsAs: 'success' }))(history)
    return counters(
      change(paused, (data) => ({
        ...data,
        reason,
        counters: { ...(data['counters'] as object), success: 3, hard: 0 },
      }))(well),
      { success: 3, hard: 0 },
    )
  }
}

/** Stopped while one device of its second wave was on its way, for so many that were overdue. */
function stoppedForOverdue(overdue: number, limit: number | undefined): Forge {
  return (history) => {
    const pause = history.rows.find(paused)!
    const data = {
      ...(pause.data as Data),
      reason: 'wave 2 stops the campaign, because too many devices have not come back in time: 0 settled',
      counters: { pending: 1, inFlight: 1, success: 2 },
      gate: { wave: 2, clock: { overdue } },
    }
    const early = after(claimOf(3), ({ seq }) => ({ ...pause, data, seq: seq + 0.5 }))(without(paused)(history))
    return policyOf({ gate: { ...GATE, limits: { overdue: limit } } })(early)
  }
}
