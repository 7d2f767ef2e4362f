import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Field, openField, profileOf } from './field.ts'
import { writtenValues } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField({
    profiles: [
      profileOf('Controls', { repairs: { controlCharacters: true, ampersands: false } }),
      profileOf('Ampersands', { repairs: { controlCharacters: false, ampersands: true } }),
      profileOf('Latin', { charset: 'iso-8859-1' }),
      profileOf('Declared', { xmlDeclaration: true }),
    ],
  })
})
afterAll(() => field.close())

test('quirk 17: control characters are removed from what a device sends whose profile allows it', async () => {
  const cpe = field.cpe({ model: 'Controls' })
  const inform = cpe.written({ events: [['M Download', 'k\u0002e\u0001y']], manufacturer: 'Ac\u0000me' })
  expect((await cpe.post(inform)).rpc).toBe('InformResponse')
  expect(await cpe.informs()).toMatchObject([
    { manufacturer: 'Acme', events: [{ commandKey: 'key' }], warnings: ['control_characters_removed'] },
  ])
})

test('quirk 17: from any other device they are refused, and its session is over', async () => {
  const cpe = field.cpe()
  expect((await cpe.contact({ manufacturer: 'Ac\u0002me' })).status).toBe(400)
  await cpe.contact()
  expect((await cpe.say('TransferComplete', '<CommandKey>a\u0001b</CommandKey>')).status).toBe(400)
  expect((await cpe.say('GetRPCMethods')).status).toBe(400)
  expect(await cpe.informs()).toHaveLength(1)
  expect(cpe.heard('transfer_completed')).toEqual([])
})

test('quirk 18: a raw & in a value stands for itself where the profile allows it', async () => {
  const cpe = field.cpe({ model: 'Ampersands' })
  await cpe.isAsked({ method: 'GetParameterValues', names: ['Device.X'] })
  expect((await cpe.contact({ manufacturer: 'Black & White' })).rpc).toBe('InformResponse')
  expect(await cpe.informs()).toMatchObject([{ manufacturer: 'Black & White', warnings: ['ampersand_repaired'] }])
  await cpe.empty()
  await cpe.say('GetParameterValuesResponse', writtenValues([['Device.X', 'http://a/?b=1&c=2&amp;d=3']]))
  expect(await cpe.reports(1)).toMatchObject([
    { result: { response: { parameters: [{ value: 'http://a/?b=1&c=2&d=3' }] } } },
  ])
})

test('quirk 18: where it does not, the POST is refused', async () => {
  const cpe = field.cpe()
  expect((await cpe.contact({ manufacturer: 'Black & White' })).status).toBe(400)
})

const société = 'Société'
const charsets: readonly (readonly [string, string | undefined, (text: string) => Buffer])[] = [
  ['ISO-8859-1 as its Content-Type says', 'text/xml; charset=ISO-8859-1', (text) => Buffer.from(text, 'latin1')],
  [
    'ISO-8859-1 as its declaration says',
    'text/xml',
    (text) => Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${text}`, 'latin1'),
  ],
  ['ISO-8859-1, said nowhere', undefined, (text) => Buffer.from(text, 'latin1')],
  ['ISO-8859-1 under a name that nobody knows', 'text/xml; charset=x-vendor', (text) => Buffer.from(text, 'latin1')],
  ['UTF-16 with its mark', 'text/xml', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16 without one', 'text/xml; charset=utf-8', (text) => Buffer.from(text, 'utf16le')],
  ['UTF-8 with its mark, called ISO-8859-1', 'text/xml; charset=iso-8859-1', (text) => Buffer.from(`\ufeff${text}`)],
  ['UTF-8 without any charset', 'text/xml', (text) => Buffer.from(text)],
]

test.each(charsets)('quirk 19: a body in %s is read', async (_, contentType, encode) => {
  const cpe = field.cpe()
  const body = encode(cpe.written({ manufacturer: société }))
  const heard = await cpe.post(body, contentType === undefined ? {} : { 'content-type': contentType })
  expect([heard.status, heard.rpc, heard.headers['content-type']]).toEqual([
    200,
    'InformResponse',
    'text/xml; charset=utf-8',
  ])
  expect(await cpe.informs()).toMatchObject([{ manufacturer: société }])
})

const claimsUtf8 = { 'content-type': 'text/xml; charset=utf-8' }

test('quirk 19: ISO-8859-1 that claims to be UTF-8 is read where the profile says so', async () => {
  const latin = field.cpe({ model: 'Latin' })
  expect((await latin.post(Buffer.from(latin.written({ manufacturer: société }), 'latin1'), claimsUtf8)).status).toBe(
    200,
  )
  expect(await latin.informs()).toMatchObject([{ manufacturer: société, warnings: ['charset_of_profile'] }])
})

test('quirk 19: where it does not, it is refused', async () => {
  const cpe = field.cpe()
  expect((await cpe.post(Buffer.from(cpe.written({ manufacturer: société }), 'latin1'), claimsUtf8)).status).toBe(400)
})

test('quirk 20: comments with apostrophes and CDATA are read', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetParameterValues', names: ['Device.DeviceInfo.DeviceLog'] })
  const inform = cpe.written().replace('<DeviceId>', "<!-- the CPE's own --><DeviceId><!-- it's -->")
  expect((await cpe.post(inform)).rpc).toBe('InformResponse')
  await cpe.empty()
  const log = writtenValues([['Device.DeviceInfo.DeviceLog', "<![CDATA[it's <b>up</b> & running]]> again"]])
  expect((await cpe.say('GetParameterValuesResponse', log)).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([
    { result: { response: { parameters: [{ value: "it's <b>up</b> & running again" }] } } },
  ])
})

test('quirk 21: a byte order mark, and white space around the envelope, do not count', async () => {
  const cpe = field.cpe()
  const heard = await cpe.post(`\ufeff\r\n<?xml version="1.0" encoding="utf-8"?>\r\n${cpe.written()}\r\n\r\n`)
  expect(heard.rpc).toBe('InformResponse')
})

test('quirk 22: a Value that is missing, untyped or of the type "xsd:" is read', async () => {
  const cpe = field.cpe()
  const names = ['Device.A', 'Device.B', 'Device.C', 'Device.D']
  await cpe.isAsked({ method: 'GetParameterValues', names })
  await cpe.contact()
  await cpe.empty()
  const structs = [
    '<Name>Device.A</Name>',
    '<Name>Device.B</Name><Value>b</Value>',
    '<Name>Device.C</Name><Value xsi:type="xsd:">c</Value>',
    '<Name>Device.D</Name><Value/>',
  ].map((inner) => `<ParameterValueStruct>${inner}</ParameterValueStruct>`)
  await cpe.say('GetParameterValuesResponse', `<ParameterList>${structs.join('')}</ParameterList>`)
  const [report] = await cpe.reports(1)
  expect(report).toMatchObject({
    result: {
      response: {
        parameters: [
          { name: 'Device.A', value: '' },
          { name: 'Device.B', value: 'b' },
          { name: 'Device.C', value: 'c' },
          { name: 'Device.D', value: '' },
        ],
      },
    },
  })
  const lines = await cpe.messages('GetParameterValuesResponse')
  expect(lines.find(({ method }) => method === 'GetParameterValuesResponse')?.warnings).toContain('value_missing')
})

test('quirk 38: every reply to a model that needs an XML declaration begins with one, and no other does', async () => {
  for (const [model, begins] of [
    ['Declared', '<?xml version="1.0" encoding="UTF-8"?>'],
    ['HomeBox', '<soap-env:Envelope'],
  ] as const) {
    const cpe = field.cpe({ model })
    await cpe.isAsked({ method: 'GetRPCMethods' })
    const replies = [
      await cpe.contact(),
      await cpe.say('GetRPCMethods'),
      await cpe.say('NoSuchMethod'),
      await cpe.empty(),
    ]
    expect(replies.map(({ rpc }) => rpc)).toEqual(['InformResponse', 'GetRPCMethodsResponse', 'Fault', 'GetRPCMethods'])
    for (const { body } of replies) expect(body.startsWith(begins)).toBe(true)
  }
})

test('quirk 38: the shipped profiles know a vendor that does', async () => {
  const huawei = field.cpe({ oui: '00259E', model: 'HG8245', root: 'InternetGatewayDevice.' })
  expect((await huawei.contact()).body.startsWith('<?xml')).toBe(true)
})
