import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupsWithin, type ConfigValue } from './config-value.ts'
import { readLibconfig } from './libconfig.ts'

/** Groups as objects, which are easier to compare. */
function plain(value: ConfigValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, inner]) => [name, plain(inner)]))
  return Array.isArray(value) ? value.map((inner) => plain(inner as ConfigValue)) : value
}

const read = (text: string) => plain(readLibconfig(text))

it.each([
  ['an empty text', '', {}],
  ['both signs and all ends', 'a = 1; b : 2, c = 3 d = 4', { a: 1, b: 2, c: 3, d: 4 }],
  [
    'numbers',
    'a = [ -1, +2, 0x1F, 0b101, 0o17, 0q17, 1.5, .5, 1e3, 10L, 7LL ];',
    { a: [-1, 2, 31, 5, 15, 15, 1.5, 0.5, 1000, 10, 7] },
  ],
  ['truths', 'a = [ true, FALSE, True ];', { a: [true, false, true] }],
  ['strings that follow each other', 'a = "one " "and"\n" two";', { a: 'one and two' }],
  ['escapes', String.raw`a = "q\"b\\s\x41\n\t";`, { a: 'q"b\\sA\n\t' }],
  [
    'lists, arrays and groups within each other',
    'a = ( { b = [ ]; }, ( "c" ), [ 1 ], );',
    { a: [{ b: [] }, ['c'], [1]] },
  ],
  [
    'comments of three kinds',
    '# one\na = 1; // two\n/* three\n a = 2; */ b = "# no // comment /* in it";',
    { a: 1, b: '# no // comment /* in it' },
  ],
  ['names with marks', 'copy-1_a = 1; *b = 2;', { 'copy-1_a': 1, '*b': 2 }],
])('reads %s', (_name, text, value) => {
  expect(read(text)).toEqual(value)
})

describe('refuses', () => {
  it.each([
    ['a name twice', 'a = 1; a = 2;', /twice/],
    ['a name twice within a group', 'a = { b = 1; b = 1; };', /twice/],
    ['a name without a value', 'a;', /no value/],
    ['a value without a name', '= 1;', /without a name/],
    ['an inclusion of another file', '@include "/etc/passwd"', /cannot be read/],
    ['a string that does not end', 'a = "b', /cannot be read/],
    ['a comment that does not end', 'a = 1; /* b', /cannot be read/],
    ['a group that does not end', 'a = { b = 1;', /without a name/],
    ['a list that does not end', 'a = ( 1 2 );', /does not end/],
    ['a word that is no value', 'a = b;', /none/],
    ['an escape that is none', String.raw`a = "\q";`, /escape/],
    ['a number with letters', 'a = 1x;', /cannot be read/],
    ['as many digits as fit, and a letter', `a = ${'1'.repeat(250_000)}x`, /cannot be read/],
    ['what is nested too deep', `a = ${'('.repeat(5_000)}`, /deeper/],
    ['more values than anybody writes', `a = [ ${'1,'.repeat(20_001)} ];`, /more than/],
  ])('%s', (_name, text, reason) => {
    expect(() => readLibconfig(text)).toThrow(reason)
  })
})

it('quotes no more of a text than a verdict has room for', () => {
  expect(() => readLibconfig(`${'a'.repeat(200_000)};`)).toThrow(/^sw-description: a{1,300}$/)
})

it('ends with a configuration or a refusal, for any text', () => {
  const words = fc.constantFrom(
    'a',
    'b = ',
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ';',
    ',',
    '"x"',
    '"',
    '1',
    '/*',
    '*/',
    '#',
    '\n',
    '\\',
    'software',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(words, { maxLength: 60 }), (parts) => {
      try {
        for (const group of groupsWithin(readLibconfig(parts.join('')))) expect(group).toBeInstanceOf(Map)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^format_/) })
      }
    }),
  )
})
