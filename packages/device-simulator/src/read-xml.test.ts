import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAcsMessage } from './acs-message.ts'
import { escapeXml, readXml } from './read-xml.ts'

describe('reading XML', () => {
  it('gives back any text that was escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(readXml(`<a>${escapeXml(text)}</a>`)?.text).toBe(text)
      }),
    )
  })

  it.each(['', 'text', '<a>', '<a></b>', '<a/><b/>', '<a', '<!DOCTYPE a><a/>', '<a/>more', '<a>'.repeat(50)])(
    'refuses %j',
    (source) => {
      expect(readXml(source)).toBeUndefined()
    },
  )

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('<a>', '</a>', '<b x="1"/>', '&lt;', '&#x110000;', '<!--', '-->', ']]>', 'é')),
        (parts) => {
          readXml(parts.join(''))
        },
      ),
    )
  })

  it('reads an ACS that uses other prefixes, comments, CDATA and a declaration', () => {
    const message = readAcsMessage(
      '<?xml version="1.0"?><S:Envelope xmlns:S="s" xmlns:c="c"><S:Header><c:ID>7</c:ID><c:HoldRequests>true</c:HoldRequests></S:Header>' +
        '<S:Body><!-- now --><c:Reboot><CommandKey><![CDATA[a<b]]></CommandKey></c:Reboot></S:Body></S:Envelope>',
    )
    expect(message).toMatchObject({ kind: 'call', id: '7', hold: true, method: 'Reboot' })
    expect(message.kind === 'call' && message.args.children[0]?.text).toBe('a<b')
  })
})
