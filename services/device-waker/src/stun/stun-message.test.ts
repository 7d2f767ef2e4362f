import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeSigned, integrityForm } from './message-integrity.ts'
import { decodeAddress, encodeAddress, encodeXorAddress } from './stun-address.ts'
import { decodeStun, encodeStun, hasCookie, STUN, type StunMessage } from './stun-message.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((one) => Buffer.from(one))
const attribute = fc.record({
  type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== STUN.messageIntegrity),
  value: fc.uint8Array({ maxLength: 24 }).map((one) => Buffer.from(one)),
})
const message: fc.Arbitrary<StunMessage> = fc.record({
  type: fc.integer({ min: 0, max: 0x3fff }),
  transactionId: bytes(16),
  attributes: fc.array(attribute, { maxLength: 15 }),
})

test('what is encoded is decoded to the same', () => {
  fc.assert(
    fc.property(message, (one) => {
      expect(decodeStun(encodeStun(one))).toEqual({ kind: 'message', message: one, integrityAt: null })
    }),
  )
})

test('a signed message is known by its password in both forms, and by no other', () => {
  fc.assert(
    fc.property(
      message,
      fc.string({ minLength: 1 }),
      fc.constantFrom('filled' as const, 'plain' as const),
      (one, password, form) => {
        const signed = encodeSigned(one, password, form)
        const decoded = decodeStun(signed)
        if (decoded.kind !== 'message' || decoded.integrityAt === null) throw new Error('it is not read')
        // Text of a multiple of 64 bytes is the same in both forms.
        const same = decoded.integrityAt % 64 === 0
        expect(integrityForm(signed, decoded.integrityAt, password)).toBe(same ? 'filled' : form)
        expect(integrityForm(signed, decoded.integrityAt, `${password}x`)).toBeNull()
      },
    ),
  )
})

test('any change of a signed message is seen', () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, at, change) => {
      const signed = encodeSigned(one, 'secret', 'filled')
      const mutant = Buffer.from(signed)
      const index = at % mutant.length
      mutant[index] = mutant[index]! ^ change
      const decoded = decodeStun(mutant)
      if (decoded.kind !== 'message' || decoded.integrityAt === null) return
      expect(integrityForm(mutant, decoded.integrityAt, 'secret')).toBeNull()
    }),
    { numRuns: 2_000 },
  )
})

test('mutants and noise are refused or read, and never thrown at', () => {
  const valid = message.map((one) => encodeSigned(one, 'secret', 'plain'))
  const mutant = fc
    .tuple(valid, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 }), fc.nat({ max: 600 }))
    .map(([whole, changes, cut]) => {
      const changed = Buffer.from(whole)
      for (const [at, value] of changes) changed[at % changed.length] = value
      return changed.subarray(0, cut)
    })
  const noise = fc.uint8Array({ maxLength: 600 }).map((one) => Buffer.from(one))
  fc.assert(
    fc.property(fc.oneof(mutant, noise), (one) => {
      const decoded = decodeStun(one)
      if (decoded.kind === 'message') expect(decoded.message.attributes.length).toBeLessThanOrEqual(16)
    }),
    { numRuns: 5_000 },
  )
})

describe('is refused:', () => {
  const valid = encodeStun({
    type: 1,
    transactionId: Buffer.alloc(16),
    attributes: [{ type: 6, value: Buffer.from('abcd') }],
  })
  const changed = (change: (copy: Buffer) => Buffer | void) => {
    const copy = Buffer.from(valid)
    return change(copy) ?? copy
  }
  test.each([
    ['less than a header', changed((copy) => copy.subarray(0, 19))],
    ['what starts like an UDP connection request', Buffer.from('GET http://x?ts=1&id=2 HTTP/1.1\r\n\r\n')],
    ['a stated length that is too great', changed((copy) => void copy.writeUInt16BE(12, 2))],
    ['bytes behind the end', changed((copy) => Buffer.concat([copy, Buffer.alloc(4)]))],
    ['an attribute that ends beyond the message', changed((copy) => void copy.writeUInt16BE(8, 22))],
    [
      '17 attributes',
      encodeStun({
        type: 1,
        transactionId: Buffer.alloc(16),
        attributes: Array.from({ length: 17 }, () => ({ type: 0x8022, value: Buffer.alloc(0) })),
      }),
    ],
    [
      'more than 548 bytes',
      encodeStun({ type: 1, transactionId: Buffer.alloc(16), attributes: [{ type: 6, value: Buffer.alloc(528) }] }),
    ],
    [
      'an integrity of another length',
      encodeStun({
        type: 1,
        transactionId: Buffer.alloc(16),
        attributes: [{ type: STUN.messageIntegrity, value: Buffer.alloc(16) }],
      }),
    ],
  ])('%s', (_name, datagram) => expect(decodeStun(datagram).kind).toBe('malformed'))
})

test('the integrity of RFC 3489 11.2.8 is HMAC-SHA1 over text filled up to 64 bytes', () => {
  const one = {
    type: 1,
    transactionId: Buffer.alloc(16, 7),
    attributes: [{ type: STUN.username, value: Buffer.from('user') }],
  }
  const text = Buffer.alloc(64)
  encodeStun(one).copy(text)
  text.writeUInt16BE(8 + 24, 2)
  const expected = createHmac('sha1', 'secret').update(text).digest()
  expect(encodeSigned(one, 'secret', 'filled').subarray(-20)).toEqual(expected)
})

test('the sample request of RFC 5769 2.1 is read, and its integrity known', () => {
  const sample = Buffer.from(
    '000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36' +
      '000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57b3bcf',
    'hex',
  )
  const decoded = decodeStun(sample)
  if (decoded.kind !== 'message' || decoded.integrityAt === null) throw new Error('it is not read')
  expect(decoded.message.attributes.find(({ type }) => type === STUN.username)?.value.toString()).toBe('evtj:h6vY')
  expect(integrityForm(sample, decoded.integrityAt, 'VOkJxbRl1RmTxUk/WvJxBt')).toBe('plain')
})

test('the sample response of RFC 5769 2.2 is encoded to the same address', () => {
  const transactionId = Buffer.from('2112a442b7e7a701bc34d686fa87dfae', 'hex')
  expect(hasCookie({ type: 0x0101, transactionId, attributes: [] })).toBe(true)
  expect(encodeXorAddress({ address: '192.0.2.1', port: 32_853 }).toString('hex')).toBe('0001a147e112a643')
})

test('addresses are decoded to what they were', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 65_535 }), (address, port) => {
      expect(decodeAddress(encodeAddress({ address, port }))).toEqual({ address, port })
    }),
  )
  expect(decodeAddress(Buffer.from('0002000000000000', 'hex'))).toBeNull()
  expect(decodeAddress(Buffer.alloc(7))).toBeNull()
})
