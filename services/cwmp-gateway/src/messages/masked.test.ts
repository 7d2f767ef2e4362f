import { encodeEnvelope } from '@sluice/cwmp'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { masked } from './masked.ts'

const struct = (name: string, value: string) =>
  `<ParameterValueStruct><Name>${name}</Name><Value xsi:type="xsd:string">${value}</Value></ParameterValueStruct>`

test.each([
  'Device.WiFi.AccessPoint.1.Security.KeyPassphrase',
  'Device.WiFi.AccessPoint.1.Security.PreSharedKey',
  'InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.PreSharedKey.1.PreSharedKey',
  'Device.ManagementServer.ConnectionRequestPassword',
  'Device.Users.User.1.Password',
  'Device.X_012345_VoIP.AuthPassword ',
  'Device.WiFi.AccessPoint.1.WPS.PIN',
])('the value of %s is not in the log', (name) => {
  const text = masked(struct(name, 'top-secret') + struct('Device.DeviceInfo.SoftwareVersion', '1.0'))
  expect(text).not.toContain('top-secret')
  expect(text).toContain(name)
  expect(text).toContain('>1.0<')
})

test.each([
  [
    'a value before its name',
    '<ParameterValueStruct><Value>top-secret</Value><Name>a.Password</Name></ParameterValueStruct>',
  ],
  [
    'another prefix',
    '<c:ParameterValueStruct><c:Name>a.Password</c:Name><c:Value>top-secret</c:Value></c:ParameterValueStruct>',
  ],
  ['a name in CDATA', struct('<![CDATA[a.Password]]>', 'top-secret')],
  ['a name with references', struct('a.&#80;assword', 'top-secret')],
  [
    'a struct that only seems to end',
    '<ParameterValueStruct><Name>a.Password</Name><Value><![CDATA[</Value></ParameterValueStruct>top-secret]]></Value></ParameterValueStruct>',
  ],
  [
    'an element that only seems to end',
    '<Password>top-secret<!--</Password>--><![CDATA[</Password>top-secret]]>top-secret</Password>',
  ],
  [
    'two values',
    '<ParameterValueStruct><Name>a.PIN</Name><Value>1</Value><Value>top-secret</Value></ParameterValueStruct>',
  ],
  ['a struct of another name', struct('a.Password', 'top-secret').replaceAll('ParameterValueStruct', 'Parameter')],
  ['a value that is apart from its name', '<p><Name>a.Password</Name><x/><Value>top-secret</Value></p>'],
  [
    'an empty value before it',
    '<ParameterValueStruct><Name>a.PIN</Name><Value x="" /><Value>top-secret</Value></ParameterValueStruct>',
  ],
  ['a name beyond all length', struct(`a.Password.${'x'.repeat(300)}`, 'top-secret')],
  ['a name that was cut', '<ParameterValueStruct><Value>top-secret</Value><Name>a.Pass'],
  ['a URL that was cut', '<URL>http://user:top-secret'],
  ['an envelope that ends on the way', '<ParameterValueStruct><Name>a.Password</Name><Value>top-secret'],
  ['a URL with a password', '<URL>http://user:top-secret@192.0.2.1/f</URL>'],
])('a secret is found by %s', (_, text) => {
  expect(masked(text)).not.toContain('top-secret')
})

test('what is no secret stays as it was', () => {
  const text = encodeEnvelope({
    id: '1',
    cwmpVersion: '1.2',
    message: {
      kind: 'set_parameter_values',
      parameterKey: 'k',
      parameters: [{ name: 'Device.WiFi.SSID.1.SSID', value: ' My Home ', type: 'string' }],
    },
  })
  expect(masked(text)).toBe(text)
})

/** By the CPU it takes, not by the clock: others run beside it. */
test.each([
  ['names without end', `<ParameterValueStruct><Name>a</Name><Value>${'<Name>'.repeat(160_000)}`],
  ['names in CDATA', `<ParameterValueStruct><Name>a</Name><Value><![CDATA[${'<Name>'.repeat(160_000)}`],
  ['structs without end', '<ParameterValueStruct>'.repeat(45_000)],
  ['tags without end', '<Name '.repeat(160_000)],
  ['long prefixes', '<'.repeat(10) + 'a'.repeat(1_000_000)],
  ['comments and CDATA without end', '<!--<![CDATA['.repeat(80_000)],
  ['ends of CDATA', `<![CDATA[${']]'.repeat(500_000)}`],
  ['passwords without end', '<Password>'.repeat(100_000)],
  ['ends without beginnings', '</Value></Password>'.repeat(50_000)],
  ['users without end', '://a:b'.repeat(160_000)],
  ['blanks', ' '.repeat(1_000_000)],
  ['a value and its ends', `<ParameterValueStruct><Value>${'</Value>'.repeat(120_000)}`],
])('a megabyte of %s takes no second', (_, text) => {
  const before = process.cpuUsage()
  masked(text)
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1e6).toBeLessThan(1)
})

test('whatever password we send is not in the log of what we sent', () => {
  const secret = fc.string({ minLength: 4, maxLength: 64, unit: 'grapheme-ascii' }).map((text) => `q7${text}7q`)
  fc.assert(
    fc.property(secret, (password) => {
      const download = encodeEnvelope({
        id: '1',
        cwmpVersion: '1.2',
        message: {
          kind: 'download',
          commandKey: 'k',
          fileType: '3 Vendor Configuration File',
          url: 'http://192.0.2.1/f',
          delaySeconds: 0,
          argumentSet: 'all',
          username: 'u',
          password,
        },
      })
      const set = encodeEnvelope({
        id: '2',
        cwmpVersion: '1.2',
        message: {
          kind: 'set_parameter_values',
          parameterKey: '',
          parameters: [{ name: 'Device.ManagementServer.Password', value: password, type: 'string' }],
        },
      })
      for (const text of [download, set]) {
        expect(masked(text)).not.toContain('7q')
        expect(text).toContain('7q')
      }
    }),
  )
})
