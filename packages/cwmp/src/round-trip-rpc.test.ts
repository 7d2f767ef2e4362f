import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  decodePost,
  encodeEnvelope,
  isCpeRequest,
  rpcNameOf,
  type AcsMessage,
  type CpeMessage,
  type CwmpVersion,
} from './index.ts'
import { acsMessages } from './testing/arbitrary-acs-messages.ts'
import { text } from './testing/arbitrary-parts.ts'
import { cpeMessages } from './testing/arbitrary-cpe-messages.ts'
import { readAcsEnvelope } from './testing/read-acs-envelope.ts'
import { writeCpeEnvelope } from './testing/write-cpe-envelope.ts'

/** Any other seed: SLUICE_SEED=7 npx vitest run packages/cwmp */
const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_120)
const runs = { seed, numRuns: 100 }

const ids = text(200).map((value) => (value === '' ? 'i' : value))
const versions = fc.constantFrom<CwmpVersion>('1.0', '1.1', '1.2')

describe(`what an ACS says is what a CPE reads (seed ${seed})`, () => {
  const kinds = Object.entries(acsMessages) as [string, fc.Arbitrary<AcsMessage>][]

  it.each(kinds)('for every %s', (_kind, messages) => {
    fc.assert(
      fc.property(messages, ids, versions, (message, id, cwmpVersion) => {
        const sent = encodeEnvelope({ id, cwmpVersion, message })
        expect(readAcsEnvelope(sent)).toEqual({ id, message })
        expect(sent).toContain(`:${rpcNameOf(message)}>`)
      }),
      runs,
    )
  })

  it('for every download with the minimal arguments', () => {
    const minimal = fc.record({
      kind: fc.constant('download' as const),
      commandKey: text(32),
      fileType: text(64),
      url: text(256),
      delaySeconds: fc.nat(),
      argumentSet: fc.constant('minimal' as const),
    })
    fc.assert(
      fc.property(minimal, (message) => {
        const read = readAcsEnvelope(encodeEnvelope({ id: null, cwmpVersion: '1.0', message }))
        expect(read).toEqual({ id: null, message })
      }),
      runs,
    )
  })
})

describe(`what a CPE says is what we read, without a warning (seed ${seed})`, () => {
  const kinds = Object.entries(cpeMessages) as [string, fc.Arbitrary<CpeMessage>][]

  it.each(kinds)('for every %s', (_kind, messages) => {
    fc.assert(
      fc.property(messages, ids, versions, (message, id, cwmpVersion) => {
        const post = decodePost(Buffer.from(writeCpeEnvelope(id, cwmpVersion, message)), 'text/xml; charset=utf-8')
        expect(post).toEqual({
          kind: 'envelopes',
          envelopes: [{ id, cwmpVersion, sessionTimeoutSeconds: null, supportedVersions: [], body: message }],
          warnings: [],
        })
        expect(isCpeRequest(message)).toBe(message.kind !== 'fault' && !message.kind.endsWith('_response'))
      }),
      runs,
    )
  })
})
