import type { HotRecord } from '@sluice/hot-store'
import { deviceProfile } from '@sluice/model-profiles'
import { expect, test } from 'vitest'
import { attemptId, go, upgradeId } from '../testing/upgrade-parts.ts'
import { argumentSetFor } from './argument-set.ts'
import type { ClaimAnswer, Knowledge, UpgradeTask } from './task.ts'
import { continueUpgrade } from './upgrade.ts'

const task = { kind: 'upgrade', taskId: upgradeId(1), revision: 1 } as UpgradeTask

function argumentsFor(usual: 'all' | 'minimal', wanted: 'usual' | 'other' | undefined): string {
  const reply = go()
  if (!reply.ok) throw new Error('no go')
  const answer = { ...reply.data, ...(wanted && { downloadArguments: wanted }) } as ClaimAnswer
  const known = { record: {}, profile: { ...deviceProfile, downloadArguments: usual } } as Knowledge
  const { next } = continueUpgrade(
    { kind: 'upgrade', task, stage: { kind: 'claiming' } },
    { kind: 'claimed', answer },
    known,
  )
  return next.kind === 'call' && next.call.kind === 'download' ? next.call.argumentSet : next.kind
}

test.each([
  ['all', undefined, 'all'],
  ['all', 'usual', 'all'],
  ['all', 'other', 'minimal'],
  ['minimal', 'usual', 'minimal'],
  ['minimal', 'other', 'all'],
] as const)('a model that takes %s arguments gets, on the claim %s, %s', (usual, wanted, expected) => {
  expect(argumentsFor(usual, wanted)).toBe(expected)
})

test.each([
  [null, 'usual', 'all'],
  [null, 'other', 'minimal'],
  ['all', 'usual', 'minimal'],
  ['all', 'other', 'minimal'],
  ['minimal', 'usual', 'all'],
] as const)(
  'where arguments are learnt, a device that refused %s last gets, on the claim %s, %s',
  (refused, wanted, set) => {
    const profile = { ...deviceProfile, downloadArguments: 'learnt' as const }
    expect(argumentSetFor({ profile, record: { refusedArguments: refused } as HotRecord }, wanted)).toBe(set)
  },
)

test.each([
  [9002, [{ op: 'put_refused_arguments', refused: 'all' }]],
  [9003, [{ op: 'put_refused_arguments', refused: 'all' }]],
  [9010, []],
])('fault %i in answer to Download teaches %j', (code, learnt) => {
  const stage = { kind: 'downloading', attemptId: attemptId(1), argumentSet: 'all' } as const
  const answer = { kind: 'fault', code, text: '', parameters: [] } as const
  const { changes } = continueUpgrade({ kind: 'upgrade', task, stage }, answer, {} as Knowledge)
  expect(changes?.filter(({ op }) => op === 'put_refused_arguments')).toEqual(learnt)
})

test('an image whose URL is longer than the model takes is never offered, and that is told', () => {
  const reply = go()
  if (!reply.ok) throw new Error('no go')
  const known = { record: {}, profile: { ...deviceProfile, urlMaxLength: 20 } } as Knowledge
  const claiming = { kind: 'upgrade', task, stage: { kind: 'claiming' } } as const
  const { next, facts } = continueUpgrade(claiming, { kind: 'claimed', answer: reply.data }, known)
  expect(next).toEqual({ kind: 'done' })
  expect(facts).toMatchObject([{ kind: 'download_faulted', attemptId: attemptId(1), faultCode: 9003 }])
})
