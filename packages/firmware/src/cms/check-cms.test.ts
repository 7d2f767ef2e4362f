import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { anchor, AUTHORITY, bareKey, CODE_SIGNER, issue, signCms, type Issue } from '../../test/pki.ts'
import { inWorkshop, missingTools, publicKey, type Workshop } from '../../test/tools.ts'
import { der, integer, oid } from '../../test/write-der.ts'
import { judge, NO_FACTS, startSignatureChecks, type PublicKey, type PresentedSignature } from '../index.ts'
import { bytesOf, partsOf, readDer, TAG } from './der.ts'
import { OID } from './oids.ts'
import { readSignedData } from './signed-data.ts'

const IMAGE = Buffer.from('an image, as bytes go')
const DAY = 24 * 3_600 * 1_000
const absent = missingTools('openssl')

type Outcome = PresentedSignature['outcome']

async function outcomesOf(
  cms: Uint8Array | string,
  keys: readonly PublicKey[],
  { image = IMAGE, now = Date.now() } = {},
): Promise<Outcome[]> {
  const value = typeof cms === 'string' ? cms : Buffer.from(cms).toString('base64')
  const checks = startSignatureChecks([{ algorithm: 'cms', value }], keys, now)
  for (let at = 0; at < image.length; at += 5) checks.update(image.subarray(at, at + 5))
  return (await checks.finish()).map(({ outcome }) => outcome)
}

const codeOf = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.code : outcome.keyId))

/** A signature by a signer under authorities, each issued by the one before it, and the anchors of a trust store. */
function signedUnder(
  {
    authorities = [{}],
    signer = {},
    anchors = ['authority-0'],
  }: { authorities?: readonly Issue[]; signer?: Issue; anchors?: readonly string[] },
  ...options: readonly string[]
) {
  return inWorkshop((workshop) => {
    authorities.forEach((authority, at) =>
      issue(workshop, `authority-${at}`, {
        extensions: AUTHORITY,
        ...(at === 0 ? {} : { issuer: `authority-${at - 1}` }),
        ...authority,
      }),
    )
    issue(workshop, 'signer', { issuer: `authority-${authorities.length - 1}`, ...signer })
    workshop.write('chain.pem', authorities.map((_, at) => workshop.read(`authority-${at}.crt`).toString()).join(''))
    return {
      cms: signCms(workshop, IMAGE, ['signer'], '-certfile', 'chain.pem', ...options),
      keys: anchors.map((name) => anchor(workshop, name)),
    }
  })
}

async function codeUnder(made: Parameters<typeof signedUnder>[0], ...options: readonly string[]) {
  const { cms, keys } = signedUnder(made, ...options)
  return codeOf(await outcomesOf(cms, keys))
}

describe.skipIf(absent.length > 0)(`CMS as openssl makes it ${absent.join()}`, () => {
  it.each([
    ['RSA', 'rsa', []],
    ['RSA-PSS', 'rsa', ['-keyopt', 'rsa_padding_mode:pss']],
    ['RSA with SHA-512', 'rsa', ['-md', 'sha512']],
    ['P-256', 'p256', []],
    ['P-384', 'p384', ['-md', 'sha384']],
  ] as const)(
    'by %s verifies up to an authority of the store, which vouches, and tells the path',
    async (_name, kind, options) => {
      const { cms, keys } = signedUnder({ signer: { kind } }, ...options)
      expect(await outcomesOf(cms, keys)).toEqual([
        {
          kind: 'verified',
          keyId: keys[0]!.keyId,
          through: [expect.stringMatching(/^[0-9a-f]{16}$/)],
          chain: ['CN=signer', 'CN=authority-0'],
        },
      ])
      expect(codeOf(await outcomesOf(cms, keys, { image: Buffer.from('another') }))).toEqual(['signature_invalid'])
      expect(codeOf(await outcomesOf(cms, keys, { image: IMAGE.subarray(1) }))).toEqual(['signature_invalid'])
    },
  )

  it('leads through authorities that came with it, and names the keys between', async () => {
    const { cms, keys } = signedUnder({ authorities: [{}, {}, {}] })
    const [outcome] = await outcomesOf(cms, keys)
    expect(outcome).toMatchObject({
      kind: 'verified',
      keyId: keys[0]!.keyId,
      chain: ['CN=signer', 'CN=authority-2', 'CN=authority-1', 'CN=authority-0'],
    })
    expect(outcome).toMatchObject({ through: { length: 3 } })
  })

  it('ends at the first anchor it meets', async () => {
    const { cms, keys } = signedUnder({ authorities: [{}, {}], anchors: ['authority-0', 'authority-1'] })
    expect(codeOf(await outcomesOf(cms, keys))).toEqual([keys[1]!.keyId])
  })

  it('by one private key under two authorities of the store is one voucher of two', async () => {
    const { signed, keys, signer } = inWorkshop((workshop) => {
      for (const name of ['one', 'two']) issue(workshop, name, { extensions: AUTHORITY })
      issue(workshop, 'signer', { issuer: 'one' })
      const byOne = signCms(workshop, IMAGE, ['signer'])
      const terms = ['-CA', 'two.crt', '-CAkey', 'two.key', '-set_serial', '7', '-extfile', 'signer.cnf']
      workshop.run('openssl', 'x509', '-req', '-in', 'signer.csr', ...terms, '-out', 'signer.crt')
      return {
        signed: [byOne, signCms(workshop, IMAGE, ['signer'])],
        keys: ['one', 'two'].map((name) => anchor(workshop, name)),
        signer: bareKey(workshop, 'signer').keyId,
      }
    })
    const outcomes = (await Promise.all(signed.map((cms) => outcomesOf(cms, keys)))).flat()
    expect(outcomes).toMatchObject(keys.map(({ keyId }) => ({ kind: 'verified', keyId, through: [signer] })))
    const measured = { size: IMAGE.length, sha256: 'a'.repeat(64) }
    const { reasons } = judge({
      declared: { ...measured, version: '2.0', softwareVersions: ['2.0'], boards: null },
      fits: [{ oui: '00D09E', productClass: 'IGD' }],
      found: {
        measured,
        parsed: { kind: 'parsed', format: 'raw', facts: NO_FACTS, unsigned: [] },
        digests: [],
        detached: outcomes.map((outcome) => ({ algorithm: 'cms', outcome })),
        embedded: [],
      },
      keys: keys.map(({ keyId }) => ({
        keyId,
        purposes: ['image'],
        ouis: [],
        models: [],
        approved: true,
        validFrom: null,
        validUntil: null,
        revoked: false,
      })),
      requiredKeys: 2,
      now: Date.now(),
    })
    expect(reasons).toEqual([{ code: 'too_few_keys', detail: '1 of 2 keys vouch for it' }])
  })

  it('by a key that the store has itself verifies without any path', async () => {
    const made = inWorkshop((workshop) => {
      issue(workshop, 'signer', { extensions: ['extendedKeyUsage=serverAuth'], days: 1 })
      return { cms: signCms(workshop, IMAGE, ['signer']), key: bareKey(workshop, 'signer') }
    })
    // What a certificate says does not matter where nobody asked for it: the rules of the store hold.
    expect(await outcomesOf(made.cms, [made.key], { now: Date.now() + 9 * DAY })).toEqual([
      { kind: 'verified', keyId: made.key.keyId, through: [], chain: [] },
    ])
  })

  it('by a key whose certificate the store has holds as long as that certificate, and needs none with it', async () => {
    const made = inWorkshop((workshop) => {
      issue(workshop, 'signer', { days: 2 })
      issue(workshop, 'server', { extensions: ['extendedKeyUsage=serverAuth'] })
      return {
        cms: signCms(workshop, IMAGE, ['signer'], '-nocerts'),
        served: signCms(workshop, IMAGE, ['server']),
        keys: [anchor(workshop, 'signer'), anchor(workshop, 'server')],
      }
    })
    expect(codeOf(await outcomesOf(made.cms, made.keys))).toEqual([made.keys[0]!.keyId])
    expect(codeOf(await outcomesOf(made.cms, made.keys, { now: Date.now() + 3 * DAY }))).toEqual([
      'certificate_expired',
    ])
    expect(codeOf(await outcomesOf(made.served, made.keys))).toEqual(['certificate_not_for_signing'])
  })

  it('names its signer by the identifier of its key as well', async () => {
    const { cms, keys } = signedUnder({}, '-keyid')
    expect(codeOf(await outcomesOf(cms, keys))).toEqual([keys[0]!.keyId])
  })

  it('is taken in PEM too', async () => {
    const { cms, keys } = signedUnder({})
    const lines = cms.toString('base64').replaceAll(/(.{64})/g, '$1\n')
    expect(codeOf(await outcomesOf(`-----BEGIN CMS-----\n${lines}\n-----END CMS-----\n`, keys))).toEqual([
      keys[0]!.keyId,
    ])
  })

  it('judges each of several signers', async () => {
    const made = inWorkshop((workshop) => {
      issue(workshop, 'one', { kind: 'rsa' })
      issue(workshop, 'two')
      issue(workshop, 'stranger')
      return {
        cms: signCms(workshop, IMAGE, ['one', 'two', 'stranger']),
        keys: [bareKey(workshop, 'two'), bareKey(workshop, 'one')],
      }
    })
    const codes = codeOf(await outcomesOf(made.cms, made.keys))
    expect(codes.toSorted()).toEqual([...made.keys.map(({ keyId }) => keyId), 'certificate_invalid'].toSorted())
  })

  describe('is refused', () => {
    it('by an authority that is not in the store', async () => {
      const { cms } = signedUnder({})
      const { keys } = signedUnder({})
      expect(codeOf(await outcomesOf(cms, keys))).toEqual(['certificate_invalid'])
      expect(codeOf(await outcomesOf(cms, []))).toEqual(['certificate_invalid'])
    })

    it('by an authority of which the store has the bare key alone: that vouches for what it signed itself', async () => {
      const made = inWorkshop((workshop) => {
        issue(workshop, 'authority', { extensions: AUTHORITY })
        issue(workshop, 'signer', { issuer: 'authority' })
        return {
          cms: signCms(workshop, IMAGE, ['signer'], '-certfile', 'authority.crt'),
          key: bareKey(workshop, 'authority'),
        }
      })
      expect(codeOf(await outcomesOf(made.cms, [made.key]))).toEqual(['certificate_invalid'])
    })

    it('before and after the time of any certificate on the path, and where nobody says what time it is', async () => {
      const { cms, keys } = signedUnder({ authorities: [{ days: 9 }, { days: 3 }], signer: { days: 6 } })
      const codeAt = async (now: number) => codeOf(await outcomesOf(cms, keys, { now }))
      expect(await codeAt(Date.now() + 2 * DAY)).toEqual([keys[0]!.keyId])
      expect(await codeAt(Date.now() + 4 * DAY)).toEqual(['certificate_expired'])
      expect(await codeAt(Date.now() + 7 * DAY)).toEqual(['certificate_expired'])
      expect(await codeAt(Date.now() - 2 * DAY)).toEqual(['certificate_not_yet_valid'])
      expect(await codeAt(Number.NaN)).toEqual(['certificate_not_yet_valid'])
    })

    it.each([
      [
        'a certificate for servers',
        { signer: { extensions: ['extendedKeyUsage=serverAuth'] } },
        'certificate_not_for_signing',
      ],
      [
        'a certificate that signs no data',
        { signer: { extensions: ['keyUsage=keyEncipherment'] } },
        'certificate_not_for_signing',
      ],
      [
        'an authority for servers',
        { authorities: [{}, { extensions: [...AUTHORITY, 'extendedKeyUsage=serverAuth'] }] },
        'certificate_not_for_signing',
      ],
      [
        'a signer that is no authority in between',
        { authorities: [{}, { extensions: ['basicConstraints=CA:FALSE', 'subjectKeyIdentifier=hash'] }] },
        'certificate_not_for_signing',
      ],
      [
        'an authority that may not sign certificates',
        { authorities: [{}, { extensions: ['basicConstraints=CA:TRUE', 'keyUsage=digitalSignature'] }] },
        'certificate_invalid',
      ],
      [
        'a path longer than an authority allows',
        { authorities: [{ extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=keyCertSign'] }, {}] },
        'certificate_not_for_signing',
      ],
      ['a path of more authorities than anybody has', { authorities: [{}, {}, {}, {}, {}, {}] }, 'certificate_invalid'],
      [
        'a demand that is not known here',
        { signer: { extensions: [...CODE_SIGNER, '1.2.3.4=critical,ASN1:NULL'] } },
        'certificate_not_for_signing',
      ],
      [
        'names that an authority is bound to',
        { authorities: [{}, { extensions: [...AUTHORITY, 'nameConstraints=permitted;DNS:example.org'] }] },
        'certificate_not_for_signing',
      ],
      ['a certificate signed by SHA-1', { signer: { digest: 'sha1' } }, 'algorithm_not_supported'],
    ] as const)('with %s', async (_name, made, code) => {
      expect(await codeUnder(made)).toEqual([code])
    })

    it('over SHA-1, without attributes, and with content of its own', async () => {
      expect(await codeUnder({}, '-md', 'sha1')).toEqual(['algorithm_not_supported'])
      expect(await codeUnder({}, '-noattr')).toEqual(['signature_malformed'])
      expect(await codeUnder({}, '-nodetach')).toEqual(['signature_malformed'])
    })

    it('signed by nobody, encrypted, larger than any, or no CMS', async () => {
      const { keys } = signedUnder({})
      const nobody = signedDataOf({ signerInfos: [] })
      const encrypted = der(TAG.sequence, oid(OID.envelopedData), der(TAG.contextParts(0), der(TAG.sequence)))
      for (const cms of [
        nobody,
        encrypted,
        Buffer.alloc(70_000, 0x30),
        Buffer.from('no CMS'),
        Buffer.alloc(0),
        '!'.repeat(80),
      ])
        expect(codeOf(await outcomesOf(cms, keys))).toEqual(['signature_malformed'])
    })
  })

  it('has no byte that can change unnoticed, but those that are listed as unsigned', async () => {
    const { cms, keys } = signedUnder({})
    const read = readSignedData(cms)
    if (read.kind === 'refused') throw new Error(read.detail)
    const unnoticed: number[] = []
    for (let at = 0; at < cms.length; at += 1) {
      for (const flip of [0x01, 0x20, 0x80, 0xff]) {
        const bent = Buffer.from(cms)
        bent[at]! ^= flip
        const [outcome] = await outcomesOf(bent, keys)
        const listed = read.signedData.unsigned.some(({ span }) => span.start <= at && at < span.end)
        if (outcome?.kind === 'verified' && !listed) unnoticed.push(at)
      }
    }
    expect(unnoticed).toEqual([])
  }, 120_000)

  it('checks no more signatures of certificates than it allows itself, however they sign each other', async () => {
    const { cms, keys } = inWorkshop((workshop) => {
      issue(workshop, 'maze', { extensions: AUTHORITY })
      issue(workshop, 'signer', { issuer: 'maze' })
      issue(workshop, 'anchor', { extensions: AUTHORITY })
      // Fourteen certificates of one name and one key: each is an issuer of each.
      for (let serial = 1; serial < 15; serial += 1) sameKeyAgain(workshop, serial)
      workshop.write(
        'maze.pem',
        Array.from({ length: 14 }, (_, at) => workshop.read(`maze-${at + 1}.crt`).toString()).join(''),
      )
      return { cms: signCms(workshop, IMAGE, ['signer'], '-certfile', 'maze.pem'), keys: [anchor(workshop, 'anchor')] }
    })
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    expect(codeOf(await outcomesOf(cms, keys))).toEqual(['certificate_invalid'])
    expect(verify.mock.calls.length).toBeLessThanOrEqual(64)
    verify.mockRestore()
  })
})

function sameKeyAgain(workshop: Workshop, serial: number): void {
  const by = ['-signkey', 'maze.key', '-set_serial', String(serial), '-days', '30', '-extfile', 'maze.cnf']
  workshop.run('openssl', 'x509', '-req', '-in', 'maze.csr', ...by, '-out', `maze-${serial}.crt`)
}

describe.skipIf(absent.length > 0)(`CMS by a writer of ours ${absent.join()}`, () => {
  const made = inWorkshopOrNull((workshop) => {
    issue(workshop, 'signer', { kind: 'ed25519', digest: 'sha512' })
    const pem = workshop.read('signer.crt').toString()
    return {
      key: createPrivateKey(workshop.read('signer.key').toString()),
      certificate: new X509Certificate(pem).raw,
      keys: [publicKey(pem)],
    }
  })!

  interface Parts {
    readonly attributes?: readonly Uint8Array[]
    readonly digest?: string
    readonly version?: number
  }
  const contentType = der(TAG.sequence, oid(OID.contentType), der(TAG.set, oid(OID.data)))
  const messageDigest = der(
    TAG.sequence,
    oid(OID.messageDigest),
    der(TAG.set, der(TAG.octetString, createHash('sha512').update(IMAGE).digest())),
  )

  /** Ed25519 as RFC 8419 has it: openssl 3.0 does not make it. */
  function signedByEd25519({
    attributes = [contentType, messageDigest],
    digest = SHA512,
    version = 1,
  }: Parts = {}): Buffer {
    const [issuerName, serial] = nameIn(made.certificate)
    const signed = der(TAG.set, ...attributes)
    const signerInfo = der(
      TAG.sequence,
      integer(version),
      der(TAG.sequence, issuerName, serial),
      der(TAG.sequence, oid(digest)),
      der(TAG.contextParts(0), ...attributes),
      der(TAG.sequence, oid(OID.ed25519)),
      der(TAG.octetString, sign(null, signed, made.key)),
    )
    return signedDataOf({ digests: [digest], certificates: [made.certificate], signerInfos: [signerInfo] })
  }

  it('by Ed25519 verifies', async () => {
    expect(codeOf(await outcomesOf(signedByEd25519(), made.keys))).toEqual([made.keys[0]!.keyId])
    expect(codeOf(await outcomesOf(signedByEd25519(), made.keys, { image: Buffer.from('another') }))).toEqual([
      'signature_invalid',
    ])
  })

  it('by Ed25519 over another digest than SHA-512 is refused (RFC 8419 3.1)', async () => {
    expect(codeOf(await outcomesOf(signedByEd25519({ digest: SHA256 }), made.keys))).toEqual([
      'algorithm_not_supported',
    ])
  })

  it('whose attributes do not hold type and digest, each once, is refused though they are signed', async () => {
    const enveloped = der(TAG.sequence, oid(OID.contentType), der(TAG.set, oid(OID.envelopedData)))
    const twoValues = der(TAG.sequence, oid(OID.contentType), der(TAG.set, oid(OID.data), oid(OID.data)))
    for (const attributes of [
      [],
      [contentType],
      [messageDigest],
      [contentType, messageDigest, messageDigest],
      [enveloped, messageDigest],
      [twoValues, messageDigest],
    ])
      expect(codeOf(await outcomesOf(signedByEd25519({ attributes }), made.keys))).toEqual(['signature_malformed'])
  })

  it('of a version that its parts do not have is refused', async () => {
    expect(codeOf(await outcomesOf(signedByEd25519({ version: 3 }), made.keys))).toEqual(['signature_malformed'])
  })

  it('with revocation lists, or digests that nobody uses, is refused', async () => {
    const good = partsOf(readDer(signedByEd25519()), TAG.sequence)
    const inner = partsOf(partsOf(good[1]!, TAG.contextParts(0))[0]!, TAG.sequence).map(bytesOf)
    const [version, , content, certificates, signers] = inner
    const wrap = (...parts: Uint8Array[]) =>
      der(TAG.sequence, oid(OID.signedData), der(TAG.contextParts(0), der(TAG.sequence, ...parts)))
    const digests = (...oids: string[]) => der(TAG.set, ...oids.map((one) => der(TAG.sequence, oid(one))))
    expect(
      codeOf(await outcomesOf(wrap(version!, digests(SHA512), content!, certificates!, signers!), made.keys)),
    ).toEqual([made.keys[0]!.keyId])
    for (const cms of [
      wrap(version!, digests(SHA512), content!, certificates!, der(TAG.contextParts(1)), signers!),
      wrap(version!, digests(SHA256, SHA512), content!, certificates!, signers!),
      wrap(version!, digests(SHA512, SHA512), content!, certificates!, signers!),
      wrap(version!, digests(SHA256), content!, certificates!, signers!),
      wrap(version!, digests(SHA512), content!, certificates!, signers!, signers!),
    ])
      expect(codeOf(await outcomesOf(cms, made.keys))).toEqual(['signature_malformed'])
  })

  it('without that wrapping is refused where nobody allows it', async () => {
    const [, wrapped] = partsOf(readDer(signedByEd25519()), TAG.sequence)
    const bare = bytesOf(partsOf(wrapped!, TAG.contextParts(0))[0]!)
    expect(readSignedData(bare, { bare: true }).kind).toBe('read')
    expect(codeOf(await outcomesOf(bare, made.keys))).toEqual(['signature_malformed'])
  })
})

const SHA256 = '608648016503040201'
const SHA512 = '608648016503040203'

function inWorkshopOrNull<T>(make: (workshop: Workshop) => T): T | null {
  return absent.length > 0 ? null : inWorkshop(make)
}

function nameIn(certificate: Uint8Array): [Uint8Array, Uint8Array] {
  const [tbs] = partsOf(readDer(certificate), TAG.sequence)
  const fields = partsOf(tbs!, TAG.sequence)
  return [bytesOf(fields[3]!), bytesOf(fields[1]!)]
}

function signedDataOf({
  digests = [],
  certificates = [],
  signerInfos,
}: {
  digests?: readonly string[]
  certificates?: readonly Uint8Array[]
  signerInfos: readonly Uint8Array[]
}): Buffer {
  const parts = [
    integer(1),
    der(TAG.set, ...digests.map((digest) => der(TAG.sequence, oid(digest)))),
    der(TAG.sequence, oid(OID.data)),
    ...(certificates.length === 0 ? [] : [der(TAG.contextParts(0), ...certificates)]),
    der(TAG.set, ...signerInfos),
  ]
  return der(TAG.sequence, oid(OID.signedData), der(TAG.contextParts(0), der(TAG.sequence, ...parts)))
}

it.skipIf(absent.length > 0)('compares keys, not their ids, which somebody may find a second key for', async () => {
  const { cms, trusted, signer } = inWorkshop((workshop) => {
    issue(workshop, 'trusted')
    issue(workshop, 'signer')
    const [one, other] = [bareKey(workshop, 'trusted'), bareKey(workshop, 'signer')]
    return { cms: signCms(workshop, IMAGE, ['signer']), trusted: one, signer: other }
  })
  expect(codeOf(await outcomesOf(cms, [{ ...trusted, keyId: signer.keyId }]))).toEqual(['certificate_invalid'])
})

it.skipIf(absent.length > 0)(
  'is no better right over the image, where the store has a certificate of the key',
  async () => {
    const { keys, signatures } = inWorkshop((workshop) => {
      issue(workshop, 'signer')
      issue(workshop, 'authority', { extensions: AUTHORITY })
      workshop.write('image.bin', IMAGE)
      const by = (name: string) => workshop.run('openssl', 'dgst', '-sha256', '-sign', `${name}.key`, 'image.bin')
      const names = ['signer', 'authority']
      return { keys: names.map((name) => anchor(workshop, name)), signatures: names.map(by) }
    })
    const codesAt = async (now: number) => {
      const bare = signatures.map((one) => ({ algorithm: 'ecdsa_p256_sha256', value: one.toString('base64') }))
      const checks = startSignatureChecks(bare, keys, now)
      checks.update(IMAGE)
      return codeOf((await checks.finish()).map(({ outcome }) => outcome))
    }
    expect(await codesAt(Date.now())).toEqual([keys[0]!.keyId, 'certificate_not_for_signing'])
    expect(await codesAt(Date.now() + 40 * DAY)).toEqual(['certificate_expired', 'certificate_expired'])
  },
)
