import { expect, test } from 'vitest'
import { readCookie, writeCookie } from './cookie.ts'

const key = { deviceKey: 'dev_' + 'a'.repeat(26), token: 'AbCdEfGhIjKlMnOpQrStU-' }
const other = { ...key, token: 'zzzzzzzzzzzzzzzzzzzzzz' }
const value = `${key.deviceKey}.${key.token}`

test.each([
  ['as it was set', `sluice=${value}`],
  ['with the attributes echoed behind', `sluice=${value}; Path=/; HttpOnly`],
  ['with the attributes echoed before', `Path=/; sluice=${value}`],
  ['in quotes', `sluice="${value}"`],
  ['between other cookies', `a=b; sluice=${value}; c=d`],
  ['separated by commas', `a=b,sluice=${value},c=d`],
  ['with blanks around the sign', `sluice = ${value}`],
  ['after an older one', `sluice=${other.deviceKey}.${other.token}; sluice=${value}`],
])('a cookie is read %s', (_, header) => {
  expect(readCookie(header)).toEqual(key)
})

test.each([
  ['none', undefined],
  ['another name', `xsluice=${value}`],
  ['another form', `sluice=${value}x`],
  ['a short token', 'sluice=dev_aaaaaaaaaaaaaaaaaaaaaaaaaa.abc'],
  ['a header beyond its bound', `sluice=${value}; ${'x'.repeat(5_000)}`],
])('no session is named by %s', (_, header) => {
  expect(readCookie(header)).toBeNull()
})

test('a cookie that was written is read again', () => {
  expect(readCookie(writeCookie(key))).toEqual(key)
})
