import { describe, expect, it } from 'vitest'
import { anchor, AUTHORITY, bareKey, CODE_SIGNER, issue } from '../../test/pki.ts'
import { inWorkshop, missingTools, publicKey } from '../../test/tools.ts'
import { readPublicKey } from './public-key.ts'

const absent = missingTools('openssl')

describe.skipIf(absent.length > 0)(`a certificate in PEM ${absent.join()}`, () => {
  it('is a key of the store by the id of its key, and stays a certificate when it is written and read again', () => {
    const [certified, bare] = inWorkshop((workshop) => {
      issue(workshop, 'authority', { extensions: AUTHORITY })
      return [anchor(workshop, 'authority'), bareKey(workshop, 'authority')]
    })
    expect(certified.keyId).toBe(bare.keyId)
    expect(certified.certificate).toMatchObject({ subject: 'CN=authority', isAuthority: true })
    expect(publicKey(certified.pem)).toMatchObject({
      keyId: bare.keyId,
      pem: certified.pem,
      certificate: { subject: 'CN=authority' },
    })
    expect(bare.certificate).toBeUndefined()
  })

  it('of version 1, which openssl writes where it is given no extensions, is one that signs data', () => {
    const key = inWorkshop((workshop) => {
      issue(workshop, 'old')
      workshop.run('openssl', 'x509', '-req', '-in', 'old.csr', '-signkey', 'old.key', '-days', '9', '-out', 'old.crt')
      return anchor(workshop, 'old')
    })
    expect(key.certificate).toMatchObject({ isAuthority: false, keyUsage: null, extendedKeyUsage: null })
  })

  it('is refused where its key is too weak, where it demands what is not checked, and where there are two', () => {
    inWorkshop((workshop) => {
      issue(workshop, 'good')
      issue(workshop, 'demanding', { extensions: [...CODE_SIGNER, '1.2.3.4=critical,ASN1:NULL'] })
      workshop.run(
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'rsa:1024',
        '-nodes',
        '-keyout',
        'weak.key',
        '-subj',
        '/CN=weak',
        '-out',
        'weak.crt',
      )
      const [good, demanding, weak] = ['good', 'demanding', 'weak'].map((name) =>
        workshop.read(`${name}.crt`).toString(),
      )
      expect(readPublicKey(weak!)).toMatchObject({ code: 'key_too_weak' })
      expect(readPublicKey(demanding!)).toMatchObject({ code: 'key_kind_not_supported' })
      for (const text of [
        `${good}${good}`,
        `${good} more`,
        `more ${good}`,
        good!.replace(/M/, 'N'),
        good!.slice(0, 300),
      ])
        expect(readPublicKey(text)).toMatchObject({ code: 'key_malformed' })
    })
  })
})
