import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildSimulatedImage, judgeImage, testVendorKey } from './index.ts'

const { privateKey, publicKey } = testVendorKey()
const image = buildSimulatedImage({ version: '2.0.0', sizeBytes: 4_096, privateKey })

describe('a simulated image', () => {
  it('has the size that was asked for and is good for the key it was signed with', () => {
    expect(image).toHaveLength(4_096)
    expect(judgeImage(image, publicKey)).toEqual({ kind: 'good', header: { version: '2.0.0' } })
  })

  it('is bad for any other key', () => {
    const other = generateKeyPairSync('ed25519').publicKey
    expect(judgeImage(image, other)).toMatchObject({ kind: 'bad', fault: 9019 })
  })

  it('is bad when any bit of it is another one', () => {
    fc.assert(
      fc.property(fc.nat(image.length * 8 - 1), (bit) => {
        const changed = Buffer.from(image)
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        expect(judgeImage(changed, publicKey).kind).toBe('bad')
      }),
    )
  })

  it('is bad when it is cut short', () => {
    fc.assert(
      fc.property(fc.nat(image.length - 1), (length) => {
        expect(judgeImage(image.subarray(0, length), publicKey).kind).toBe('bad')
      }),
    )
  })

  it('is the same bytes every time it is built', () => {
    expect(buildSimulatedImage({ version: '2.0.0', sizeBytes: 4_096, privateKey })).toEqual(image)
  })
})
