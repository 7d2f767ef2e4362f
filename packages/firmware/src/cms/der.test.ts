import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { der } from '../../test/write-der.ts'
import { bytesOf, contentOf, NotDer, partsOf, readDer, smallIntegerOf, TAG } from './der.ts'

it('reads what was written, of any length', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (contents) => {
      const written = der(TAG.sequence, ...contents.map((content) => der(TAG.octetString, content)))
      const parts = partsOf(readDer(written), TAG.sequence)
      expect(parts.map((part) => Buffer.from(contentOf(part, TAG.octetString)))).toEqual(
        contents.map((content) => Buffer.from(content)),
      )
      expect(Buffer.concat(parts.map(bytesOf))).toEqual(
        written.subarray(written.length - parts.reduce((sum, { start, end }) => sum + end - start, 0)),
      )
    }),
  )
})

it('ends with an element or a refusal, for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        expect(readDer(bytes).end).toBe(bytes.length)
      } catch (error) {
        expect(error).toBeInstanceOf(NotDer)
      }
    }),
  )
})

describe('refuses a second way of writing the same:', () => {
  const cases = {
    'an indefinite length': [0x30, 0x80, 0x00, 0x00],
    'an indefinite length without an end': [0x30, 0x80],
    'a long length where a short one is enough': [0x04, 0x81, 0x01, 0x00],
    'a padded long length': [0x04, 0x82, 0x00, 0x80, ...Array<number>(128).fill(0)],
    'a length of five octets': [0x04, 0x85, 0, 0, 0, 0, 1, 0],
    'a tag of several octets': [0x1f, 0x81, 0x01, 0x00],
    'bytes behind the element': [0x04, 0x01, 0x00, 0x00],
    'content that is cut off': [0x04, 0x02, 0x00],
    'a length that is cut off': [0x04, 0x82, 0x01],
    nothing: [],
  }
  it.each(Object.entries(cases))('%s', (_name, bytes) => {
    expect(() => readDer(Uint8Array.from(bytes))).toThrow(NotDer)
  })

  it('a part that reaches beyond what holds it', () => {
    // The inner sequence has two bytes; what it holds says it has three, and they are there, in the outer one.
    const [inner] = partsOf(readDer(Uint8Array.of(0x30, 0x08, 0x30, 0x02, 0x04, 0x03, 0x04, 0x02, 0, 0)), TAG.sequence)
    expect(() => partsOf(inner!, TAG.sequence)).toThrow(NotDer)
  })

  it.each([[[0x00, 0x01]], [[0xff]], [[]], [[1, 0, 0, 0, 0, 0]]])('a small number written as %j', (content) => {
    expect(() => smallIntegerOf(readDer(der(TAG.integer, Uint8Array.from(content))))).toThrow(NotDer)
  })
})

it('refuses more parts than anybody lists', () => {
  const parts = (count: number) => readDer(der(TAG.sequence, ...Array.from({ length: count }, () => der(TAG.null))))
  expect(partsOf(parts(256), TAG.sequence)).toHaveLength(256)
  expect(() => partsOf(parts(257), TAG.sequence)).toThrow(NotDer)
})

it('costs nothing for nesting that nobody asks for', () => {
  let nested = der(TAG.octetString)
  for (let depth = 0; depth < 3_000; depth += 1) nested = der(TAG.sequence, nested)
  expect(partsOf(readDer(nested), TAG.sequence)).toHaveLength(1)
})
