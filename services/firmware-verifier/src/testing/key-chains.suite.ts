import { trustKeyRevoke } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { expect, it } from 'vitest'
import { createCmsVendor } from './cms-vendor.ts'
import { METADATA, sysupgrade, withSignature } from './sysupgrade.ts'
import { ucert, usignKey } from './ucert.ts'
import { IMAGE, type Registered, type World } from './world.ts'

const ACTOR = 'operator:eve'
const PAST = '2000-01-01T00:00:00Z'

/** An image that is signed by a key for which others speak. */
interface Chained {
  readonly bytes: Buffer
  readonly said: Partial<Registered>
  /** As the trust store takes them, from the one that vouches for the next to the one that signed. */
  readonly keys: readonly [string, string, string]
}

const CHAINS: Readonly<Record<string, () => Chained>> = {
  ucert: () => {
    const keys = [usignKey(), usignKey(), usignKey()] as const
    const image = sysupgrade(IMAGE, METADATA)
    const bytes = withSignature(image, ucert(keys, image))
    return { bytes, said: { version: '23.05.3' }, keys: [keys[0].text, keys[1].text, keys[2].text] }
  },
  CMS: () => {
    const vendor = createCmsVendor()
    vendor.authority('root')
    vendor.authority('authority', 'root')
    vendor.signer('signer', 'authority')
    const keys = [vendor.certificate('root'), vendor.bareKey('authority'), vendor.bareKey('signer')] as const
    return { bytes: IMAGE, said: { signatures: [vendor.sign(IMAGE, 'signer')] }, keys }
  },
}
const PLACES = ['that vouches for the others', 'in between', 'that signed it']
const CASES = Object.keys(CHAINS).flatMap((chain) => PLACES.map((what, place) => [chain, what, place] as const))

/** Keys that lean on one another: whichever is lost, what rests on it falls. */
export function keyChains(world: () => World): void {
  const revoke = (keyId: string) =>
    world().operator().request(trustKeyRevoke, { keyId, reason: 'stolen', actor: ACTOR })
  /** Keys that only certificates name are not in the store: one is taken in to be revoked, and was never in force. */
  const lost = (publicKeyPem: string) => world().addedKey({ publicKeyPem, validUntil: PAST })

  it.each(CASES)(
    'by %s: a trusted image is withdrawn with the key %s, and not trusted again',
    async (chain, _, place) => {
      const { addedKey, register, verdictOn, codes, revoked } = world()
      const { bytes, said, keys } = CHAINS[chain]!()
      const anchor = await addedKey({ publicKeyPem: keys[0] })
      const artifactId = await register(bytes, said)
      expect(await verdictOn(artifactId)).toMatchObject({ trusted: true, reasons: [] })
      const { keyId } = place === 0 ? anchor : await lost(keys[place]!)
      await revoke(keyId)
      await waitUntil(() => revoked.some((event) => event.artifactId === artifactId))
      expect(revoked.find((event) => event.artifactId === artifactId)).toEqual({
        artifactId,
        reason: `key ${keyId} was revoked: stolen`,
        actor: ACTOR,
      })
      expect(await codes(await register(bytes, said))).toEqual(['key_revoked', 'too_few_keys'])
    },
  )

  it('an image stands while another way leads to the same key of the store, and is withdrawn with the last of them', async () => {
    const { addedKey, register, verdictOn, revoked } = world()
    const vendor = createCmsVendor()
    vendor.authority('root')
    const [one, two] = ['1', '2'].map((digit) => {
      vendor.authority(`authority ${digit}`, 'root')
      vendor.signer(`signer ${digit}`, `authority ${digit}`)
      return vendor.sign(IMAGE, `signer ${digit}`)
    })
    await addedKey({ publicKeyPem: vendor.certificate('root') })
    const leaning = await register(IMAGE, { signatures: [one!] })
    const standing = await register(IMAGE, { signatures: [one!, two!] })
    for (const artifactId of [leaning, standing]) {
      expect(await verdictOn(artifactId)).toMatchObject({ trusted: true })
    }
    await revoke((await lost(vendor.bareKey('authority 1'))).keyId)
    await waitUntil(() => revoked.some((event) => event.artifactId === leaning))
    expect(revoked.map((event) => event.artifactId)).not.toContain(standing)
    await revoke((await lost(vendor.bareKey('authority 2'))).keyId)
    await waitUntil(() => revoked.some((event) => event.artifactId === standing))
  })
}
