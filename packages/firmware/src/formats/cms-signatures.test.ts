import { beforeAll, describe, expect, it } from 'vitest'
import { anchor, AUTHORITY, issue, signCms } from '../../test/pki.ts'
import { inWorkshop, missingTools, type Workshop } from '../../test/tools.ts'
import type { PublicKey } from '../index.ts'
import { cmsSignatures, readEmbeddedCms } from './cms-signatures.ts'

const CONTENT = Buffer.from('what the image signs')
const SERVER = ['extendedKeyUsage=serverAuth']
const absent = missingTools('openssl')

/** What becomes of a CMS that an image carries over this content. */
async function outcomeOf(cms: Uint8Array, keys: readonly PublicKey[], content = CONTENT): Promise<string> {
  const [signature] = cmsSignatures(readEmbeddedCms(cms), { what: 'CMS', over: { start: 0, end: content.length } })
  const run = signature!.start(keys, Date.now())
  run.update(content)
  const outcome = await run.finish()
  return outcome.kind === 'failed' ? outcome.code : outcome.keyId
}

/** Signatures by who stands under an authority of each name. */
function signaturesUnder(workshop: Workshop, authority: string) {
  issue(workshop, authority, { extensions: AUTHORITY })
  issue(workshop, `${authority}-signer`, { issuer: authority })
  issue(workshop, `${authority}-server`, { issuer: authority, extensions: SERVER })
  const sign = (by: string, ...more: string[]) =>
    signCms(workshop, CONTENT, [`${authority}-${by}`], '-certfile', `${authority}.crt`, ...more)
  return {
    good: sign('signer'),
    forServers: sign('server'),
    bySha1: sign('signer', '-md', 'sha1'),
    bare: sign('signer', '-noattr'),
    unnamed: sign('signer', '-nocerts'),
  }
}

describe.skipIf(absent.length > 0)(`a CMS that an image carries ${absent.join()}`, () => {
  const make = () =>
    inWorkshop((workshop) => ({
      known: signaturesUnder(workshop, 'known'),
      strange: signaturesUnder(workshop, 'strange'),
      keys: [anchor(workshop, 'known')],
    }))
  let made: ReturnType<typeof make>
  beforeAll(() => {
    made = make()
  })

  it('by a stranger is by an unknown key, whatever is wrong with it: it may be for devices of others', async () => {
    const { strange, keys } = made
    for (const cms of Object.values(strange)) expect(await outcomeOf(cms, keys)).toBe('key_unknown')
    expect(await outcomeOf(strange.good, keys, Buffer.from('other content'))).toBe('key_unknown')
    expect(await outcomeOf(strange.good, [])).toBe('key_unknown')
  })

  it('by somebody for whom an authority of the store stands has to hold', async () => {
    const { known, keys } = made
    expect(await outcomeOf(known.good, keys)).toBe(keys[0]!.keyId)
    expect(await outcomeOf(known.good, keys, Buffer.from('other content'))).toBe('signature_invalid')
    expect(await outcomeOf(known.forServers, keys)).toBe('certificate_not_for_signing')
    expect(await outcomeOf(known.bySha1, keys)).toBe('algorithm_not_supported')
    expect(await outcomeOf(known.bare, keys)).toBe('signature_malformed')
  })
})
