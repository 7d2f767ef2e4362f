import { expect, it } from 'vitest'
import { checkOutcomes } from './check-outcomes.ts'
import { honestHistory, keyOf } from './honest-history.ts'

const DEVICE = keyOf(9)
const STALLED = { kind: 'timed_out', contact: 'stalled' }

type Move = readonly [fact: string, from: string, to: string, outcome?: object]

/** What the check says of one more upgrade, whose device wrote down no Download, but what it answered when asked for its list. */
function saidOfUntouched(moves: readonly Move[], fault = 9000) {
  const history = honestHistory()
  const rows = moves.map(([kind, from, to, outcome], at) => ({
    ...history.rows[0]!,
    seq: 100 + at,
    at: 100_000 + at,
    kind: 'upgrade.moved',
    upgradeId: 'upg_9',
    deviceKey: DEVICE,
    data: { fact: { kind, attemptId: 'fw9' }, wave: 1, from, to, countedAs: '', countsAs: '', version: at, outcome },
  }))
  const called = { what: 'called', method: 'GetAllQueuedTransfers', fault }
  const devices = new Map([
    ...history.devices,
    [DEVICE, [{ deviceName: 'nine', at: '2026-01-01T00:00:00.000Z', ...called }]],
  ])
  return checkOutcomes({ ...history, rows: [...history.rows, ...rows], devices }).map(({ rule }) => rule)
}

const CLAIMED = ['claim_committed', 'pending', 'offered'] as const
const DOUBTED = ['time_passed', 'offered', 'in_doubt'] as const
const CANNOT_LIST = ['queued_transfers_unsupported', 'in_doubt', 'in_doubt'] as const
const GIVEN_UP = ['time_passed', 'in_doubt', 'timed_out', STALLED] as const

it('a device that never got its Download and has no list of transfers is given up as stalled', () => {
  expect(saidOfUntouched([CLAIMED, DOUBTED, CANNOT_LIST, GIVEN_UP])).toEqual([])
})

it('one that could have been asked is not', () => {
  expect(saidOfUntouched([CLAIMED, DOUBTED, GIVEN_UP])).toEqual(['outcome_is_the_devices'])
})

it('one that has a list, and did not give it, is not', () => {
  expect(saidOfUntouched([CLAIMED, DOUBTED, CANNOT_LIST, GIVEN_UP], 9002)).toEqual(['outcome_is_the_devices'])
})

it('one that could not be asked after another claim is not', () => {
  const again = ['claim_committed', 'retry', 'offered'] as const
  expect(saidOfUntouched([CLAIMED, DOUBTED, CANNOT_LIST, again, DOUBTED, GIVEN_UP])).toEqual(['outcome_is_the_devices'])
})

it('one that was taken to have accepted it is not', () => {
  const accepted = ['download_answered', 'in_doubt', 'accepted'] as const
  const stalled = ['time_passed', 'accepted', 'timed_out', STALLED] as const
  expect(saidOfUntouched([CLAIMED, DOUBTED, CANNOT_LIST, accepted, stalled])).toEqual(['outcome_is_the_devices'])
})

/** What the check says of an upgrade that ended so, whose device wrote this down on the new version. */
function saidOnNew(outcome: string, wrote: readonly string[], fact = 'time_passed') {
  const history = honestHistory()
  const [kind = '', reason] = outcome.split(' ')
  const rows = history.rows.map((row) => {
    const data = row.data as { to?: string }
    if (row.upgradeId !== 'upg_1' || data.to !== 'verified') return row
    return { ...row, data: { ...data, fact: { kind: fact }, to: kind, outcome: { kind, reason } } }
  })
  const lines = history.devices.get(keyOf(1))!
  const more = wrote.map((what) => ({ ...lines[0]!, what, how: 'silently' }))
  const devices = new Map([...history.devices, [keyOf(1), [...lines, ...more]]])
  return checkOutcomes({ ...history, rows, devices }).map(({ rule }) => rule)
}

const BROKEN = ['outcome_is_the_devices']
const FOUR_BOOTS = ['booted', 'booted', 'booted', 'booted']

it('a service that does not come up fails the upgrade once it was asked for, and else none does', () => {
  expect(saidOnNew('failed check_failed', ['booted', 'service_broken'], 'checks_read')).toEqual([])
  expect(saidOnNew('verified', ['booted', 'service_broken'], 'checks_read')).toEqual(BROKEN)
  expect(saidOnNew('failed check_failed', ['booted'], 'checks_read')).toEqual(BROKEN)
  expect(saidOnNew('failed check_failed', ['booted', 'service_broken'])).toEqual(BROKEN)
  expect(saidOnNew('verified', ['booted', 'service_broken'])).toEqual([])
})

it('a reboot loop has three boots beyond the first', () => {
  expect(saidOnNew('failed reboot_loop', FOUR_BOOTS)).toEqual([])
  expect(saidOnNew('failed reboot_loop', FOUR_BOOTS.slice(1))).toEqual(BROKEN)
  expect(saidOnNew('verified', FOUR_BOOTS)).toEqual([])
})

it('settings that are back are a success where we put them back, and else a loss', () => {
  const regained = ['settings_lost', 'parameters_set', 'settings_regained']
  expect(saidOnNew('verified', regained, 'settings_restored')).toEqual([])
  expect(saidOnNew('verified_config_lost', regained, 'settings_restored')).toEqual(BROKEN)
  expect(saidOnNew('verified', regained)).toEqual(BROKEN)
  expect(saidOnNew('verified', ['settings_lost', 'parameters_set'], 'settings_restored')).toEqual(BROKEN)
})
