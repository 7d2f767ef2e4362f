import { describe, expect, it } from 'vitest'

import { readXml } from './read-xml.ts'

const limits = { maxDepth: 32, maxMarkup: 100, dropForbidden: false }

function rootsOf(text: string) {
  const read = readXml(text, limits)
  if (read.kind === 'refused') throw new Error(read.detail)
  return read.roots
}

function refusalOf(text: string): string {
  const read = readXml(text, limits)
  return read.kind === 'refused' ? read.code : 'read'
}

describe('a document is read as XML 1.0 has it', () => {
  it('line ends of any kind are one, unless they came as references (2.11)', () => {
    expect(rootsOf('<a>1\r\n2\r3\n4&#13;&#10;5</a>')[0]?.text).toBe('1\n2\n3\n4\r\n5')
  })

  it('tabs and line ends in an attribute are spaces, unless they came as references (3.3.3)', () => {
    expect(rootsOf('<a b="1\r\n2\t3&#10;4"/>')[0]?.attributes).toEqual(new Map([['b', '1 2 3\n4']]))
  })

  it('names start with a letter, an underscore or a colon (2.3)', () => {
    for (const name of ['a', '_a', ':a', 'a-1.b', 'é', '\u{10400}', 'a·']) {
      expect([name, refusalOf(`<${name}></${name}>`)]).toEqual([name, 'read'])
      expect([name, refusalOf(`<x ${name}="1"/>`)]).toEqual([name, 'read'])
    }
    for (const name of ['1a', '-a', '.a', '·a', '×', 'a×', 'a\u2028', 'a;b', '\u{f0000}']) {
      expect([name, refusalOf(`<${name}></${name}>`)]).toEqual([name, 'not_well_formed'])
      expect([name, refusalOf(`<x ${name}="1"/>`)]).toEqual([name, 'not_well_formed'])
    }
  })

  it('a name is split at its first colon', () => {
    expect(rootsOf('<a:b:c/>')).toMatchObject([{ prefix: 'a', name: 'b:c' }])
  })

  it('an ampersand is a reference that is known, or nothing that can be read (4.1)', () => {
    for (const text of [
      '&',
      '&;',
      '&amp',
      '&AMP;',
      '&nbsp;',
      '&#;',
      '&#x;',
      '&#xg;',
      '& amp;',
      '&#99999999;',
      '&toString;',
    ]) {
      expect([text, refusalOf(`<a>${text}</a>`)]).toEqual([text, 'raw_ampersand'])
      expect([text, refusalOf(`<a b="${text}"/>`)]).toEqual([text, 'raw_ampersand'])
    }
    expect(rootsOf('<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;</a>')[0]?.text).toBe('<>&"\'A\u{1f600}')
    expect(rootsOf('<a>&amp;lt;</a>')[0]?.text).toBe('&lt;')
  })

  it('comments and instructions leave nothing behind, and text goes on around them', () => {
    expect(rootsOf('<?xml version="1.0"?><!-- <b> --><a>1<!-- & -->2<?p <b> ?>3</a>')).toMatchObject([
      { text: '123', children: [] },
    ])
  })

  it('each document of several may bring its declaration', () => {
    expect(rootsOf('<?xml version="1.0"?>\n<a/>\n<?xml version="1.0"?>\n<b/>')).toMatchObject([
      { name: 'a' },
      { name: 'b' },
    ])
  })

  it('a limit is what is still read', () => {
    expect(refusalOf('<a/>'.repeat(100))).toBe('read')
    expect(refusalOf('<a/>'.repeat(101))).toBe('too_many_elements')
    expect(refusalOf('<a>'.repeat(32) + '</a>'.repeat(32))).toBe('read')
    expect(refusalOf('<a>'.repeat(33) + '</a>'.repeat(33))).toBe('too_deep')
  })
})
