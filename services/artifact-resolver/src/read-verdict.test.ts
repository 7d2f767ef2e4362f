import { generateKeyPairSync, sign } from 'node:crypto'
import { VERDICT_TYPE } from '@sluice/contracts'
import { signedBytesOf } from '@sluice/firmware'
import { createIds } from '@sluice/runtime'
import { expect, it } from 'vitest'
import { readVerdictKeys } from './read-verdict-keys.ts'
import { readVerdict } from './read-verdict.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const KEYS = readVerdictKeys(publicKey.export({ format: 'pem', type: 'spki' }).toString())
const artifactId = createIds().artifact()
const VERDICT = { trusted: true, reasons: [], checks: [], at: '2026-12-01T00:00:00.000Z' }
const SAYS = { artifactId, sha256: 'a'.repeat(64), verdict: VERDICT }

/** What becomes of this text, signed by the verifier as what a verdict says. */
function read(text: string) {
  const payload = Buffer.from(text)
  const sig = sign(null, signedBytesOf(VERDICT_TYPE, payload), privateKey).toString('base64')
  const signatures = [{ keyid: 'x', sig }]
  const statement = { payloadType: VERDICT_TYPE, payload: payload.toString('base64'), signatures }
  return readVerdict({ artifactId, statement }, KEYS)
}

it('is gone by what was signed', () => {
  expect(read(JSON.stringify(SAYS))).toEqual({ kind: 'signed', ...SAYS })
})

it.each([
  ['no verdict', JSON.stringify({ artifactId, sha256: SAYS.sha256 })],
  ['neither yes nor no', JSON.stringify({ ...SAYS, verdict: { ...VERDICT, trusted: 'perhaps' } })],
  ['of which bytes by no digest', JSON.stringify({ ...SAYS, sha256: 'these' })],
  ['nothing that is JSON', '{'],
])('takes nothing for a verdict, whoever signed it, that says %s', (_, text) => {
  expect(read(text)).toEqual({ kind: 'forged', detail: 'it does not say what a verdict says' })
})
