import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from './expression.ts'
import { parse, parseChars } from './parse.ts'
import { print } from './print.ts'
import { arbitraryExpression } from './testing/arbitrary-expression.ts'

const parsed = (text: string) => {
  const found = parse(text)
  if (found.kind === 'wrong') throw new Error(`${text}: ${found.detail}`)
  return found.expression
}

test.each([
  'oui = "00D09E" and productClass = "RG 1"',
  'site in ("olt-17", "olt-18") and not tag = "vip"',
  'softwareVersion >= "1.2" and softwareVersion < "2.0"',
  'lastInform within 7d or lastInform never',
  'lastInform before "2026-01-31" and lastInform after "2025-12-31T18:00:00Z"',
  'name starts with "00D09E-RG" and percent < 0.5',
  'not (region = "north" or region = "south") and zone is known',
  'hardwareVersion is unknown or accessNode not in ("a", "b")',
  'site = "a \\"quoted\\" \\\\ one"',
  'tag != "lab" and (percent >= 5 and percent < 10)',
])('print(parse(x)) = x: %s', (text) => {
  expect(print(parsed(text))).toBe(text)
})

test('whatever can be said is printed and read back as the same', () => {
  fc.assert(
    fc.property(arbitraryExpression, (expression) => {
      expect(parsed(print(expression))).toEqual(expression)
    }),
    { numRuns: 2_000 },
  )
})

test('a range names its field once or twice, and means the same', () => {
  expect(parsed('softwareVersion >= "1.2" and < "2.0"')).toEqual(
    parsed('softwareVersion >= "1.2" and softwareVersion < "2.0"'),
  )
  expect(parsed('percent >= 5 and < 10')).toEqual(parsed('percent >= 5 and percent < 10'))
  expect(parse('site = "a" and < "b"')).toMatchObject({ kind: 'wrong', at: 16 })
})

test('"and" binds before "or", and "not" before both', () => {
  expect(print(parsed('site="a" or not site="b" and site="c"'))).toBe('site = "a" or not site = "b" and site = "c"')
  expect(parsed('site="a" or not site="b" and site="c"')).toEqual(
    parsed('site = "a" or ((not site = "b") and site = "c")'),
  )
})

test('single quotes do as well, and an OUI is one in any case of its letters', () => {
  expect(print(parsed(`oui = '00d09e' and site = 'a "b"'`))).toBe('oui = "00D09E" and site = "a \\"b\\""')
})

describe('what is wrong is said in a sentence, with its place', () => {
  test.each([
    ['', 1, 'at character 1: the end where "not", "(" or one of name, oui,'],
    [
      'site',
      5,
      'at character 5: the end where one of =, !=, in, not in, starts with, is known, is unknown was expected',
    ],
    ['site = olt', 8, 'at character 8: "olt" where a text in quotes was expected'],
    ['site = "olt', 8, 'at character 8: this quote is not closed'],
    ['site = "a\\n"', 10, 'after a backslash comes a quote or another backslash'],
    ['sight = "a"', 1, 'at character 1: "sight" where "not", "(" or one of name'],
    ['site > "a"', 6, '">" where one of =, !=, in'],
    ['site =~ "a*"', 7, '"~" means nothing here'],
    ['site = "a" AND site = "b"', 12, '"AND" where "and", "or" or the end was expected'],
    ['(site = "a"', 12, 'the end where ")" was expected'],
    ['site in ("a" "b")', 14, '"b" where "," or ")" was expected'],
    ['site in ()', 10, '")" where a text in quotes was expected'],
    ['tag is known', 5, '"is" where one of =, !=, in, not in, starts with was expected'],
    ['lastInform = "x"', 12, 'one of within, before, after, never'],
    ['lastInform within 7', 19, '"7" where a duration such as 7d or 36h was expected'],
    ['lastInform within 7y', 19, 'a number and one of s, m, h, d, w was expected'],
    ['lastInform within 0d', 19, 'a number and one of s, m, h, d, w was expected'],
    ['lastInform before "yesterday"', 19, 'a time in quotes such as'],
    ['lastInform before "2026-02-31"', 19, 'a time in quotes such as'],
    ['lastInform before "2026-02-01T10:00:00"', 19, 'a time in quotes such as'],
    ['percent < 101', 11, 'a number from 0 to 100'],
    ['percent < 0.00001', 11, 'a number from 0 to 100'],
    ['percent <= 5', 9, '"<=" where "<" or ">=" was expected'],
    ['percent < 123456789', 11, 'a number of fewer digits'],
    ['softwareVersion 2', 17, 'one of =, !=, <, <=, >, >=, in'],
  ])('%s', (text, at, detail) => {
    const found = parse(text)
    expect(found).toMatchObject({ kind: 'wrong', at })
    if (found.kind === 'wrong') expect(found.detail).toContain(detail)
  })

  test('and nothing of it can drive a terminal or grow without end', () => {
    const found = parse(`\u001b]0;title\u0007${'x'.repeat(1_000)}`)
    if (found.kind !== 'wrong') throw new Error('it was read')
    expect(found.detail).not.toMatch(/\p{Cc}/u)
    expect(found.detail.length).toBeLessThan(300)
  })
})

test('anything at all is either read or said to be wrong, at a place within it', () => {
  const words = fc.constantFrom(
    ...'site tag percent lastInform softwareVersion name and or not in is starts with within before never'.split(' '),
    '(',
    ')',
    '=',
    '!=',
    '<',
    '>=',
    ',',
    '"',
    "'",
    '\\',
    '"a"',
    '7d',
    '5',
    '0.5',
    '\u0000',
    '__proto__',
    'é',
    '\uD800',
  )
  const garbage = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(words, { maxLength: 60 }).map((parts) => parts.join(' ')),
    fc.array(words, { maxLength: 60 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(garbage, (text) => {
      const found = parse(text)
      if (found.kind === 'parsed') expect(parse(print(found.expression))).toEqual(found)
      else {
        expect(found.at).toBeGreaterThanOrEqual(1)
        expect(found.at).toBeLessThanOrEqual(text.length + 1)
      }
    }),
    { numRuns: 5_000 },
  )
})

/** Shapes that have brought parsers down: of any length up to the limit and beyond. */
const BOMBS: Record<string, (size: number) => string> = {
  parentheses: (size) => '('.repeat(size),
  'parentheses that close': (size) => `${'('.repeat(size / 2)}site = "a"${')'.repeat(size / 2)}`,
  'a chain of not': (size) => 'not '.repeat(size / 4),
  'a chain of or': (size) => `${'site="a" or '.repeat(size / 12)}site="a"`,
  'a chain of and that breaks off': (size) => 'site="a" and '.repeat(size / 13),
  'a list without end': (size) => `site in (${'"a",'.repeat(size / 4)}`,
  'one long text': (size) => `site = "${'a'.repeat(size)}`,
  'a text of backslashes': (size) => `site = "${'\\'.repeat(size)}"`,
  'quotes alone': (size) => '"'.repeat(size),
  blanks: (size) => ' '.repeat(size),
  digits: (size) => `percent < ${'9'.repeat(size)}`,
  'one long word': (size) => 'a'.repeat(size),
  'a pattern that makes regular expressions backtrack': (size) => `name = "${'(a+)+'.repeat(size / 5)}"`,
}

describe('bad input 43: a selector that would take for ever', () => {
  test.each(Object.entries(BOMBS))('%s: each character is looked at five times at most', (_, bomb) => {
    for (const size of [100, 1_000, LIMITS.chars - 40, LIMITS.chars]) {
      const text = bomb(size)
      let steps = 0
      parseChars({
        length: text.length,
        at: (index) => ((steps += 1), text.at(index)),
        slice: (from, to) => ((steps += to - from), text.slice(from, to)),
      })
      expect(steps).toBeLessThanOrEqual(5 * Math.min(text.length, LIMITS.chars) + 10)
    }
  })

  test('a text that is longer than allowed is not looked at', () => {
    const untouched = () => {
      throw new Error('it was looked at')
    }
    expect(parseChars({ length: 1e9, at: untouched, slice: untouched })).toMatchObject({ kind: 'wrong', at: 4_001 })
  })

  test('depth and terms are bounded, so that what was read can be asked', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}site = "a"${')'.repeat(depth)}`
    expect(parse(nested(LIMITS.depth)).kind).toBe('parsed')
    expect(parse(nested(LIMITS.depth + 1))).toMatchObject({ kind: 'wrong', at: LIMITS.depth + 2 })
    expect(parse(`${'not '.repeat(LIMITS.depth + 1)}site = "a"`).kind).toBe('wrong')
    const listed = (values: number) => `site in (${Array.from({ length: values }, () => '"a"').join(',')})`
    expect(parse(listed(LIMITS.terms)).kind).toBe('parsed')
    expect(parse(listed(LIMITS.terms + 1))).toMatchObject({
      detail: expect.stringContaining('no more than 500 values'),
    })
  })
})
