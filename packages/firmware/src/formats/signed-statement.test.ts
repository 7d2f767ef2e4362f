import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { lookAtImage } from '../../test/look-at-image.ts'
import { publicKey } from '../../test/tools.ts'
import { withSignature } from '../../test/write-fwtool.ts'
import { payloadOf } from '../../test/write-ucert.ts'
import { signedBytesOf } from '../dsse.ts'
import { RELEASE_TYPE } from '../release/statement.ts'

const pair = generateKeyPairSync('ed25519')
const KEY = publicKey(pair.publicKey.export({ format: 'pem', type: 'spki' }).toString())
const REFUSED = { kind: 'refused', code: 'format_malformed', detail: 'a statement that somebody signed, and no image' }

describe.each([
  ['a release', signedBytesOf(RELEASE_TYPE, Buffer.from('{}'))],
  ['a certificate of ucert', payloadOf({ certtype: 2, validfrom: 0, fingerprint: '0123456789abcdef' })],
])('%s', (_name, statement) => {
  const look = (bytes: Buffer) => {
    const detached = [{ algorithm: 'ed25519', value: sign(null, bytes, pair.privateKey).toString('base64') }]
    return lookAtImage({ name: 'a statement', format: 'raw', bytes, keys: [KEY], detached })
  }

  it('is no image, though the signature over it holds', async () => {
    expect(await look(statement)).toEqual(REFUSED)
    const image = Buffer.concat([Buffer.of(0), statement])
    expect(await look(image)).toMatchObject({ kind: 'parsed', false: [], verified: [{ keyId: KEY.keyId }] })
  })

  it('is no image with the signature of it inside, as fwtool puts it there', async () => {
    const text = Buffer.concat([Buffer.from('Ed12345678'), sign(null, statement, pair.privateKey)]).toString('base64')
    const bytes = withSignature(statement, Buffer.from(`untrusted comment: x\n${text}\n`))
    const vector = { name: 'a statement', format: 'openwrt_sysupgrade', bytes, keys: [KEY] } as const
    expect(await lookAtImage(vector)).toEqual(REFUSED)
  })
})
