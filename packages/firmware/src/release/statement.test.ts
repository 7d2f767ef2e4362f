import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { STATEMENT } from '../testing/some-release.ts'
import { MAX_STATEMENT_BYTES, type ReleaseStatement, readStatement, writeStatement } from './statement.ts'

const hex = (length: number) =>
  fc.uint8Array({ minLength: length / 2, maxLength: length / 2 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const version = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter(({ length }) => length <= 64)
const statement: fc.Arbitrary<ReleaseStatement> = fc.record(
  {
    schemaVersion: fc.constant(1 as const),
    vendor: version,
    product: fc.stringMatching(/^[a-z0-9][a-z0-9._/-]{0,63}$/),
    version,
    softwareVersions: fc.uniqueArray(version, { minLength: 1, maxLength: 16 }),
    counter: fc.maxSafeNat(),
    models: fc.array(
      fc.record(
        {
          oui: hex(6).map((oui) => oui.toUpperCase()),
          productClass: fc.string({ maxLength: 64 }),
          hardwareVersions: fc.array(fc.string({ maxLength: 64 }), { minLength: 1, maxLength: 5 }),
        },
        { requiredKeys: ['oui', 'productClass'] },
      ),
      { minLength: 1, maxLength: 5 },
    ),
    image: fc.record({ size: fc.integer({ min: 1, max: 2 ** 30 }), sha256: hex(64) }),
    minimumVersion: version,
    expires: fc
      .date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    allowDowngrade: fc.boolean(),
    notesUrl: fc.constant('https://acme.example/notes/2.0'),
  },
  {
    requiredKeys: [
      'schemaVersion',
      'vendor',
      'product',
      'version',
      'softwareVersions',
      'counter',
      'models',
      'image',
      'expires',
      'allowDowngrade',
    ],
  },
)
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

describe('a release statement', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(statement, (one) => {
        expect(readStatement(writeStatement(one))).toEqual({ kind: 'read', statement: one })
      }),
      { numRuns: 300 },
    )
  })

  it.each<[what: string, wrong: object, where: string]>([
    ['a field that is not known', { urgent: true }, ''],
    ['another schema version', { schemaVersion: 2 }, '/schemaVersion'],
    ['a counter below zero', { counter: -1 }, '/counter'],
    ['a counter that is no whole number', { counter: 1.5 }, '/counter'],
    ['a counter beyond what is exact', { counter: 2 ** 53 }, '/counter'],
    ['no model', { models: [] }, '/models'],
    ['a field of a model that is not known', { models: [{ oui: '00D09E', productClass: 'x', region: 'eu' }] }, ''],
    ['an OUI in small letters', { models: [{ oui: '00d09e', productClass: 'x' }] }, '/models/0/oui'],
    ['a digest that is none', { image: { size: 1, sha256: 'a' } }, '/image/sha256'],
    ['an image without bytes', { image: { size: 0, sha256: 'a'.repeat(64) } }, '/image/size'],
    ['no software version', { softwareVersions: [] }, '/softwareVersions'],
    ['a product line in capitals', { product: 'Acme' }, '/product'],
    ['a local time', { expires: '2027-01-01T00:00:00+01:00' }, '/expires'],
    ['a time that is none', { expires: '2027-13-01T00:00:00Z' }, '/expires'],
    ['notes behind a login', { notesUrl: 'https://u:p@acme.example/' }, '/notesUrl'],
    ['notes that run', { notesUrl: 'javascript:alert(1)' }, '/notesUrl'],
  ])('with %s is refused', (_, wrong, where) => {
    const read = readStatement(bytesOf({ ...STATEMENT, ...wrong }))
    expect(read).toMatchObject({ kind: 'refused', code: 'statement_malformed' })
    expect(read.kind === 'refused' && read.detail).toContain(where)
  })

  it.each(Object.keys(STATEMENT))('without %s is refused', (field) => {
    const { [field as 'vendor']: _, ...rest } = STATEMENT
    expect(readStatement(bytesOf(rest))).toMatchObject({ code: 'statement_malformed' })
  })

  it('is refused where it names its prototype, is no UTF-8, begins with a mark, is no object, or is too long', () => {
    const text = writeStatement(STATEMENT).toString()
    const within = text.indexOf('Acme') + 1
    const wrong = [
      Buffer.from(text.replace('{', '{"__proto__":{},')),
      Buffer.concat([Buffer.from(text.slice(0, within)), Buffer.from([0xff]), Buffer.from(text.slice(within))]),
      Buffer.from(`\uFEFF${text}`),
      Buffer.from('[]'),
      Buffer.from('null'),
      Buffer.alloc(0),
    ]
    for (const bytes of wrong) expect(readStatement(bytes)).toMatchObject({ code: 'statement_malformed' })
    const long = Buffer.from(text + ' '.repeat(MAX_STATEMENT_BYTES))
    expect(readStatement(long)).toMatchObject({ code: 'statement_too_long' })
  })
})
