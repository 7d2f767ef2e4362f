import { expect, test } from 'vitest'
import { readConnectionRequestUrl } from './connection-request-url.ts'

test.each([
  [
    'http://203.0.113.7:7547/abc?d=e',
    { host: '203.0.113.7', port: 7547, authority: '203.0.113.7:7547', target: '/abc?d=e' },
  ],
  ['http://cpe.example', { host: 'cpe.example', port: 80, authority: 'cpe.example', target: '/' }],
  ['HTTP://cpe.example:/x', { host: 'cpe.example', port: 80, authority: 'cpe.example', target: '/x' }],
  [
    'http://[2001:db8::1]:58000/a#b',
    { host: '2001:db8::1', port: 58_000, authority: '[2001:db8::1]:58000', target: '/a' },
  ],
  ['http://10.0.0.1:7547?id=1', { host: '10.0.0.1', port: 7547, authority: '10.0.0.1:7547', target: '/?id=1' }],
  [
    ' http://10.0.0.1/a/../%2e%2e/"b" '.replaceAll('"', '|'),
    { host: '10.0.0.1', port: 80, authority: '10.0.0.1', target: '/a/../%2e%2e/|b|' },
  ],
])('%s is read to the letter', (text, expected) => expect(readConnectionRequestUrl(text)).toEqual(expected))

test.each([
  'https://10.0.0.1:7547/',
  'ftp://10.0.0.1/',
  'http://user:password@10.0.0.1/',
  'http://10.0.0.1\\@evil/',
  'http://10.0.0.1/a b',
  'http://10.0.0.1/\r\nX: y',
  'http://10.0.0.1:999999/',
  'http://10.0.0.1:-1/',
  'http://[fe80::1%25eth0]/',
  'http://ex\u{e4}mple/',
  '//10.0.0.1/',
  'http:///x',
  'http://',
  '',
])('bad input 42: %j is no ConnectionRequestURL', (text) => expect(readConnectionRequestUrl(text)).toBeNull())
