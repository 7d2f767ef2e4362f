import { expect, test } from 'vitest'
import { masked } from './masked.ts'
import { textOf } from './text-of.ts'

const text = '<?xml version="1.0"?><Envelope><ParameterValueStruct><Name>a.Password</Name><Value>gehéim</Value>'
const bigEndian = (body: string) => Buffer.from(body, 'utf16le').swap16()

test.each([
  ['UTF-8', Buffer.from(text, 'utf8')],
  ['ISO-8859-1', Buffer.from(text, 'latin1')],
  ['UTF-16', Buffer.from(text, 'utf16le')],
  ['UTF-16 with its mark', Buffer.from('\ufeff' + text, 'utf16le')],
  ['UTF-16, big end first', bigEndian(text)],
  ['UTF-16, big end first, behind blanks', bigEndian(' \n' + text)],
  ['UTF-8 with control characters', Buffer.from(text.replace('Pass', 'Pa\u0001\u0000ss'))],
])('a body in %s is the text it stands for, whose secrets are found', (_, body) => {
  expect(textOf(body).trim().replace('\ufeff', '')).toBe(text)
  expect(masked(textOf(body))).not.toContain('gehéim')
})

test('a body that is not the text it seems to be is not shown', () => {
  expect(textOf(Buffer.from(' <\0E\0n\0top-secret</Value>'))).toBe('')
})
