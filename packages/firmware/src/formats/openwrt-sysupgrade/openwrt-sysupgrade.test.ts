import { describe, expect, it } from 'vitest'
import { lookAtImage, type Looked } from '../../../test/look-at-image.ts'
import {
  authorises,
  FROM,
  IMAGE,
  METADATA,
  signedByUcert,
  signedByUsign,
  UNTIL,
  withVendor,
  type VendorKeys,
} from '../../../test/openwrt-vectors.ts'
import { makeSignifyKey } from '../../../test/signify.ts'
import { inWorkshop, missingTools, publicKey } from '../../../test/tools.ts'
import { withChunk, withMetadata, withSignature } from '../../../test/write-fwtool.ts'
import { blobmsg, certificate, certificateOf, imageSignature, payloadOf } from '../../../test/write-ucert.ts'
import type { PublicKey } from '../../signatures/public-key.ts'

const absent = missingTools('signify-openbsd')
const look = (bytes: Uint8Array, keys: readonly PublicKey[] = [], now?: number) =>
  lookAtImage({
    name: 'sysupgrade',
    format: 'openwrt_sysupgrade',
    bytes,
    keys,
    ...(now === undefined ? {} : { now }),
  })

/** What became of the one signature. */
function outcomeOf(looked: Looked): string {
  if (looked.kind === 'refused') return looked.code
  return looked.verified[0]?.keyId ?? looked.false.join()
}

describe('metadata', () => {
  const board = Buffer.from('what the board boots')
  const factsOf = async (json: string | object) => {
    const looked = await look(withMetadata(board, json))
    return looked.kind === 'refused' ? looked.code : looked.image.facts
  }

  it('says the version, the boards, and that a device of another minor compat_version loses its settings', async () => {
    expect(await factsOf(METADATA)).toMatchObject({
      version: '25.12.1',
      boards: ['acme,router-1', 'acme,router-1-eu'],
      settings: { kind: 'by_compat_version', compatVersion: '1.1', message: 'the partitions have changed' },
      reboots: true,
      members: [{ name: 'image', size: board.length, sha256: null }],
      more: { dist: 'OpenWrt', revision: 'r32000-0123456789', target: 'ath79/generic', board: 'router-1' },
    })
  })

  it('takes an image without compat_version as 1.0, and the old list of boards then', async () => {
    expect(await factsOf({ supported_devices: ['acme,router-1'] })).toMatchObject({
      version: null,
      boards: ['acme,router-1'],
      settings: { kind: 'by_compat_version', compatVersion: '1.0', message: null },
    })
  })

  it('refuses metadata that a device would not take', async () => {
    const refused = [
      'no JSON',
      '[]',
      {},
      { supported_devices: [] },
      { supported_devices: 'acme,router-1' },
      { supported_devices: [1] },
      { supported_devices: ['a\nb'] },
      { supported_devices: ['a'], compat_version: 'x' },
      // The list of 1.0 is a message from 1.1 on.
      { supported_devices: ['a'], compat_version: '1.1' },
      { supported_devices: ['a'], version: 'x' },
    ]
    for (const json of refused) expect(await factsOf(json)).toBe('format_malformed')
    expect(await factsOf({ supported_devices: Array.from({ length: 600 }, () => 'a') })).toBe('format_limit_exceeded')
    expect(await factsOf({ supported_devices: ['a'.repeat(600)] })).toBe('format_limit_exceeded')
  })

  it('is not recognised without a trailer', async () => {
    expect(await look(board)).toMatchObject({ kind: 'refused', code: 'format_mismatch' })
  })
})

describe('trailers', () => {
  it('refuses what is too long, reaches before the beginning, is of another type or comes twice', async () => {
    const board = Buffer.from('what the board boots')
    expect(await look(withChunk(board, 1, Buffer.alloc(8 + 30 * 1024 + 1)))).toMatchObject({
      code: 'format_limit_exceeded',
    })
    expect(await look(withChunk(board, 0, Buffer.alloc(4_097)))).toMatchObject({ code: 'format_limit_exceeded' })
    expect(await look(withChunk(board, 2, Buffer.alloc(8)))).toMatchObject({ code: 'format_feature_not_supported' })
    expect(await look(withMetadata(IMAGE, METADATA))).toMatchObject({ code: 'format_duplicate' })
    const early = Buffer.from(IMAGE)
    early.writeUInt32BE(IMAGE.length + 100, IMAGE.length - 4)
    expect(await look(early)).toMatchObject({ code: 'format_span_out_of_range' })
    early.writeUInt32BE(3, IMAGE.length - 4)
    expect(await look(early)).toMatchObject({ code: 'format_malformed' })
  })

  it('says whose checksum does not hold', async () => {
    const bent = Buffer.from(IMAGE)
    bent[0]! ^= 1
    expect(await look(bent)).toMatchObject({ false: ['crc32 of all before the metadata trailer'] })
  })
})

describe.skipIf(absent.length > 0)(`signatures ${absent.join(', ')}`, () => {
  const lookSigned = async (make: (keys: VendorKeys) => Buffer, now?: number) => {
    const { bytes, root } = withVendor((keys) => ({ bytes: make(keys), root: keys.root.publicKey }))
    const outcome = outcomeOf(await look(bytes, [root], now))
    return outcome === root.keyId ? 'by the root key' : outcome.replace(/.*: /, '')
  }

  it('names the key of the store that signed, and the one whose certificates lead to the signer', async () => {
    expect(await lookSigned((keys) => signedByUsign(keys))).toBe('by the root key')
    expect(await lookSigned((keys) => signedByUcert(keys))).toBe('by the root key')
  })

  it('tells the keys in between, so that a revoked one can spoil it', async () => {
    const { bytes, keys } = withVendor((vendor) => ({
      bytes: signedByUcert(vendor),
      keys: [vendor.root.publicKey, vendor.build.publicKey],
    }))
    const looked = await look(bytes, keys.slice(0, 1))
    if (looked.kind === 'refused') throw new Error(looked.detail)
    const run = looked.image.signatures[0]!.start(keys.slice(0, 1), FROM * 1_000)
    run.update(bytes.subarray(0, looked.image.signatures[0]!.over.end))
    expect(await run.finish()).toEqual({ kind: 'verified', keyId: keys[0]!.keyId, through: [keys[1]!.keyId] })
  })

  it('tries a key that was given without its number', async () => {
    const { bytes, root } = withVendor((keys) => ({ bytes: signedByUsign(keys), root: keys.root.publicKey }))
    expect(outcomeOf(await look(bytes, [publicKey(root.pem)]))).toBe(root.keyId)
  })

  it('tells an unknown key from a false signature', async () => {
    const { bytes, build } = withVendor((keys) => ({ bytes: signedByUsign(keys), build: keys.build.publicKey }))
    expect(outcomeOf(await look(bytes, [build]))).toBe('usign: key_unknown')
    expect(await lookSigned((keys) => withSignature(IMAGE, keys.root.sign(Buffer.from('another image'))))).toBe(
      'signature_invalid',
    )
  })

  it('tells an unknown key from a false signature where a key of the store has no number to be told by', async () => {
    const { usign, ucert, store } = withVendor((keys) => ({
      usign: signedByUsign(keys),
      ucert: signedByUcert(keys),
      store: [publicKey(keys.build.publicKey.pem)],
    }))
    expect(outcomeOf(await look(usign, store))).toBe('usign: key_unknown')
    expect(outcomeOf(await look(ucert, store))).toBe('ucert, 1 certificates: key_unknown')
  })

  it('takes certificates while they are in force, as a device does', async () => {
    const at = (now: number) => lookSigned((keys) => signedByUcert(keys), now)
    expect(await at(FROM * 1_000 - 1)).toBe('certificate_not_yet_valid')
    expect(await at(FROM * 1_000)).toBe('by the root key')
    expect(await at(UNTIL * 1_000 - 1)).toBe('by the root key')
    expect(await at(UNTIL * 1_000)).toBe('certificate_expired')
  })

  it('refuses a chain with a revocation in it', async () => {
    expect(
      await lookSigned((keys) => {
        const fingerprint = keys.build.publicKey.keyNumber!
        const revoked = certificate(keys.root, { certtype: 2, validfrom: FROM, fingerprint })
        return signedByUcert(keys, [revoked, certificate(keys.root, authorises(keys.build))])
      }),
    ).toBe('certificate_revoked')
  })

  it('refuses a chain whose links do not hold', async () => {
    // The build key vouches for itself.
    expect(await lookSigned((keys) => signedByUcert(keys, [certificate(keys.build, authorises(keys.build))]))).toBe(
      'key_unknown',
    )
    // The image is signed by another key than the one vouched for.
    expect(await lookSigned((keys) => signedByUcert(keys, [certificate(keys.root, authorises(keys.root))]))).toBe(
      'certificate_invalid',
    )
    // The second certificate is not signed by the key of the first.
    expect(
      await lookSigned((keys) => {
        const links = [certificate(keys.root, authorises(keys.build)), certificate(keys.root, authorises(keys.build))]
        return signedByUcert(keys, links)
      }),
    ).toBe('certificate_invalid')
    // A certificate that says something else than what was signed.
    expect(
      await lookSigned((keys) => {
        const link = certificate(keys.root, authorises(keys.build))
        link[link.indexOf('expiresat') + 14]! ^= 1
        return signedByUcert(keys, [link])
      }),
    ).toBe('certificate_invalid')
  })

  it('follows a chain of three', async () => {
    const { bytes, root } = inWorkshop((workshop) => {
      const [root, middle, build] = ['root', 'middle', 'build'].map((name) => makeSignifyKey(workshop, name)) as [
        ReturnType<typeof makeSignifyKey>,
        ReturnType<typeof makeSignifyKey>,
        ReturnType<typeof makeSignifyKey>,
      ]
      const links = [certificate(root, authorises(middle)), certificate(middle, authorises(build))]
      return { bytes: signedByUcert({ root, build }, links), root: root.publicKey }
    })
    expect(outcomeOf(await look(bytes, [root]))).toBe(root.keyId)
  })

  it('refuses certificates without an end, two signatures of the image, and what is no certificate', async () => {
    expect(await lookSigned((keys) => withSignature(IMAGE, certificate(keys.root, authorises(keys.build))))).toBe(
      'format_malformed',
    )
    expect(await lookSigned((keys) => signedByUcert(keys, [imageSignature(keys.root.sign(IMAGE))]))).toBe(
      'format_duplicate',
    )
    expect(await lookSigned(() => withSignature(IMAGE, Buffer.from('untrusted comment: x\nAAAA\n')))).toBe(
      'format_malformed',
    )
    expect(await lookSigned(() => withSignature(IMAGE, Buffer.of(0, 0, 0, 200)))).toBe('format_span_out_of_range')
  })

  it('refuses a certificate that is not in the one blob that ucert writes', async () => {
    for (const kind of [0x01, 0x80]) {
      const other = ({ root, build }: VendorKeys) => {
        const link = certificate(root, authorises(build))
        link[0] = kind
        return link
      }
      expect(await lookSigned((keys) => signedByUcert(keys, [other(keys)]))).toBe('format_malformed')
    }
  })

  it('refuses a certificate that holds anything but the one table of ucert', async () => {
    const more = blobmsg(2, 'other', Buffer.alloc(0))
    const asText = (payload: Buffer) => Buffer.concat([Buffer.of(0x83), payload.subarray(1)])
    const holding = (change: (payload: Buffer) => Buffer) =>
      lookSigned((keys) => signedByUcert(keys, [certificateOf(keys.root, change(payloadOf(authorises(keys.build))))]))
    expect(await holding((payload) => payload)).toBe('by the root key')
    for (const change of [(payload: Buffer) => Buffer.concat([payload, more]), asText, () => more])
      expect(await holding(change)).toBe('format_malformed')
  })
})
