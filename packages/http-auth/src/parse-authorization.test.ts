import { describe, expect, it } from 'vitest'

import { parseAuthorization } from './index.ts'

describe('an Authorization header', () => {
  it('that is missing or blank is none', () => {
    expect(parseAuthorization(undefined)).toEqual({ kind: 'none' })
    expect(parseAuthorization('  ')).toEqual({ kind: 'none' })
  })

  it('of the digest scheme is read with and without qop', () => {
    expect(
      parseAuthorization(
        'Digest username="cpe", realm="acs", nonce="n", uri="/acs?x=1,2", response="aa", algorithm=MD5, qop=auth, nc=00000001, cnonce="c", opaque="o"',
      ),
    ).toEqual({
      kind: 'digest',
      username: 'cpe',
      realm: 'acs',
      nonce: 'n',
      uri: '/acs?x=1,2',
      response: 'aa',
      qop: 'auth',
      nc: '00000001',
      cnonce: 'c',
      opaque: 'o',
    })
    expect(parseAuthorization('digest username="cpe",realm="acs",nonce="n",uri="",response="aa"')).toMatchObject({
      kind: 'digest',
      uri: '',
      qop: null,
      nc: null,
    })
  })

  it('may quote what need not be quoted, escape inside quotes, and leave the commas out', () => {
    expect(
      parseAuthorization(
        'Digest username="a\\"b\\\\c" realm="acs" nonce="n" uri="/" response="aa" qop="auth" nc="00000001" cnonce="c"',
      ),
    ).toMatchObject({ kind: 'digest', username: 'a"b\\c', qop: 'auth', nc: '00000001' })
  })

  it('of the basic scheme is read, colons in the password and empty names included', () => {
    const basic = (text: string) => parseAuthorization(`Basic ${Buffer.from(text).toString('base64')}`)
    expect(basic('cpe:se:cret')).toEqual({ kind: 'basic', username: 'cpe', password: 'se:cret' })
    expect(basic(':')).toEqual({ kind: 'basic', username: '', password: '' })
    expect(basic('çé:ü')).toEqual({ kind: 'basic', username: 'çé', password: 'ü' })
  })

  it('that is anything else is unreadable', () => {
    const digest = 'username="u", realm="r", nonce="n", uri="/", response="aa"'
    for (const header of [
      'Bearer abc',
      'Digest',
      'Basic',
      'Basic !!!',
      `Basic ${Buffer.from('no colon').toString('base64')}`,
      'Digest username="u"',
      `Digest ${digest}, username="v"`,
      `Digest ${digest}, algorithm=SHA-256`,
      `Digest ${digest}, algorithm=MD5-sess`,
      `Digest ${digest}, qop=auth`,
      `Digest ${digest}, qop=auth-int, nc=1, cnonce=c`,
      `Digest ${digest.replace('"n"', `"${'n'.repeat(4096)}"`)}`,
      `Digest ${digest}, "`,
      `Digest ${digest}${', x="'.repeat(2000)}`,
    ]) {
      expect(parseAuthorization(header), header.slice(0, 60)).toEqual({ kind: 'unreadable' })
    }
  })
})
