import { expect, test } from 'vitest'
import { wrongGateUrl } from './post-gate.ts'

const settings = { gateHosts: ['gate.example.net'], gateSecret: 'secret' }

test.each([
  ['https://gate.example.net/rollout', undefined],
  ['https://gate.example.net/x?token=hidden', /holds a query or a fragment/],
  ['https://gate.example.net/x#hidden', /holds a query or a fragment/],
  ['https://user:hidden@gate.example.net/x', /holds a name or a password/],
  ['https://gate.example.org/x', /is at gate\.example\.org/],
  ['ftp://gate.example.net/hidden', /is no HTTP URL/],
])('of the gate %s what is wrong is said without what it holds', (url, wrong) => {
  const said = wrongGateUrl(url, settings)
  if (wrong === undefined) expect(said).toBeUndefined()
  else expect(said).toMatch(wrong)
  expect(said ?? '').not.toContain('hidden')
})
