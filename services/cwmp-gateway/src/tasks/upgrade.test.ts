import { deviceProfile } from '@sluice/model-profiles'
import { expect, test } from 'vitest'
import { go, upgradeId } from '../testing/upgrade-parts.ts'
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
