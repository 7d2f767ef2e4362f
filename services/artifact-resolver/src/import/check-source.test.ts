import { parseNetworks } from '@sluice/runtime'
import { expect, it } from 'vitest'
import { checkSource, isAllowedAddress } from './check-source.ts'

const NONE = parseNetworks('')
const LAB = parseNetworks('127.0.0.0/8,10.1.0.0/16')

it.each([
  'http://vendor.example/fw.bin',
  'https://vendor.example:8443/a/b?c=d',
  'http://203.0.113.7/fw',
  'http://[2606:4700::1]/fw',
])('lets %s pass', (url) => expect(checkSource(url, NONE).kind).toBe('allowed'))

it.each([
  'file:///etc/passwd',
  'ftp://vendor.example/fw',
  'gopher://vendor.example/',
  'javascript:alert(1)',
  'http://user:secret@vendor.example/fw',
  'http://user@vendor.example/fw',
  'http://vendor.example/fw\r\nHost: inside',
  'http://vendor.example/a b',
  'http:\\\\vendor.example\\fw',
  '//vendor.example/fw',
  'fw.bin',
  '',
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f.0.0.1/',
  'http://0/',
  'http://10.0.0.1/',
  'http://172.31.255.255/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://169.254.169.254/latest/meta-data',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[fd00::1]/',
  'http://[fe80::1]/',
  'http://[fec0::1]/',
  'http://[5f00::1]/',
  'http://[2002:7f00:1::]/',
  'http://[2001:0:7f00:1::]/',
  'http://[64:ff9b:1::1]/',
  'http://[::127.0.0.1]/',
  'http://[ff02::1]/',
  'http://[100::1]/',
  'http://0177.0.0.1/',
  'http://127.0.0.1./',
  'http://127.0x0.1/',
  'http://１２７.0.0.1/',
  'http://198.18.0.1/',
  'http://192.0.0.8/',
])('refuses %j', (url) => expect(checkSource(url, NONE).kind).toBe('refused'))

it('opens only the networks that were named as a lab', () => {
  expect(checkSource('http://127.0.0.1:8080/fw', LAB).kind).toBe('allowed')
  expect(checkSource('http://10.1.2.3/fw', LAB).kind).toBe('allowed')
  expect(checkSource('http://10.2.0.1/fw', LAB).kind).toBe('refused')
  expect(isAllowedAddress('not an address', LAB)).toBe(false)
})
