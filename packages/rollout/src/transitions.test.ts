import { expect, test } from 'vitest'

import { drawTransitions, transitions } from './transitions.ts'

const walked = [...transitions()]
const moves = new Set(walked.map(({ from, to }) => `${from} -> ${to.replace(/ \(.*/, '')}`))

/** The moves the design names, state by state. */
const designed: Record<string, string[]> = {
  pending: ['offered', 'skipped', 'superseded', 'cancelled'],
  offered: ['accepted', 'returning', 'verifying', 'retry', 'failed', 'in_doubt', 'cancelling'],
  in_doubt: ['accepted', 'returning', 'verifying', 'retry', 'timed_out', 'cancelling'],
  accepted: ['transferring', 'returning', 'verifying', 'retry', 'failed', 'declined', 'cancelling', 'timed_out'],
  transferring: ['returning', 'verifying', 'retry', 'failed', 'cancelling', 'timed_out'],
  returning: ['verifying', 'retry', 'failed', 'rolled_back', 'timed_out', 'cancelled'],
  verifying: ['verified', 'verified_config_lost', 'failed', 'rolled_back'],
  cancelling: ['cancelled', 'offered', 'in_doubt', 'accepted', 'transferring'],
  retry: ['offered', 'skipped', 'superseded', 'cancelled'],
  verified: ['regressed'],
  verified_config_lost: ['regressed'],
}

test.each(Object.entries(designed))('%s leads where the design says', (from, targets) => {
  expect(targets.filter((to) => !moves.has(`${from} -> ${to}`))).toEqual([])
})

test('success is reached from verifying, or from an outcome that only lacked a contact, a reading or a restore', () => {
  const sources = walked.filter(({ to }) => to.startsWith('verified')).map(({ from }) => from)
  const allowed = [
    'verifying',
    'verifying (late)',
    'timed_out (verifying, silent)',
    'failed (not_provisioned)',
    'verified',
    // What was put back is told late.
    'verified_config_lost',
  ]
  expect(sources).toContain('verifying')
  expect(sources.filter((from) => !allowed.includes(from))).toEqual([])
})

test('nothing leads back into flight but a claim', () => {
  const inFlight = ['offered', 'in_doubt', 'accepted', 'transferring', 'returning', 'cancelling']
  const into = walked.filter(({ from, to }) => inFlight.includes(to) && !inFlight.includes(from))
  expect(new Set(into.map(({ fact }) => fact))).toEqual(new Set(['claim committed']))
})

test('a check that fails, and a loop, fail what is verifying', () => {
  const into = (name: string) => walked.filter(({ to }) => to === name).map(({ from }) => from)
  expect(into('failed (check_failed)')).toContain('verifying')
  expect(into('failed (reboot_loop)')).toContain('verifying')
})

test('the walk draws as a state diagram', () => {
  const drawing = drawTransitions(walked)
  expect(drawing).toMatch(/^stateDiagram-v2\n/)
  expect(drawing).toContain('pending --> offered: claim committed')
})
