import { systemClock } from '@sluice/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerValues, fault } from '../testing/cpe.ts'
import { type Field, openField } from './field.ts'
import { enveloped, ID_7, transferComplete } from './written.ts'

/** Real time, which a test can let pass. */
const clock = { ...systemClock, ahead: 0, now: () => systemClock.now() + clock.ahead }
let field: Field
beforeAll(async () => {
  field = await openField({ clock })
})
afterAll(() => field.close())

test('session 1: an empty POST gives the ACS its turn, and nothing else does', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  expect((await cpe.contact()).rpc).toBe('InformResponse')
  expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
  expect((await cpe.say('TransferComplete', transferComplete('k'))).rpc).toBe('TransferCompleteResponse')
  expect((await cpe.empty()).rpc).toBe('Reboot')
})

test('session 2: a session ends by 204 when neither side has more to say, at once or after the last response', async () => {
  const idle = field.cpe()
  await idle.contact()
  const end = await idle.empty()
  expect([end.status, end.body, end.headers['content-length']]).toEqual([204, '', '0'])
  const busy = field.cpe()
  await busy.isAsked({ method: 'Reboot' })
  await busy.contact()
  await busy.empty()
  expect((await busy.say('RebootResponse')).status).toBe(204)
  expect((await busy.say('RebootResponse')).status).toBe(400)
})

test('session 3: HoldRequests is never sent, and ignored where a CPE sends it', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  const header = `${ID_7}<cwmp:HoldRequests soap-env:mustUnderstand="1">1</cwmp:HoldRequests>`
  const replies = [await cpe.contact({ header }), await cpe.say('GetRPCMethods'), await cpe.empty()]
  expect(replies.map(({ rpc }) => rpc)).toEqual(['InformResponse', 'GetRPCMethodsResponse', 'Reboot'])
  for (const { body } of replies) expect(body).not.toContain('HoldRequests')
})

test.each(['0', '1'])('session 4: NoMoreRequests %s of CWMP 1.0 takes no turn from anybody', async (value) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  const header = `${ID_7}<cwmp:NoMoreRequests>${value}</cwmp:NoMoreRequests>`
  const heard = await cpe.contact({ header, cwmp: '1-0' })
  expect([heard.rpc, heard.body.includes('NoMoreRequests')]).toEqual(['InformResponse', false])
  expect((await cpe.empty()).rpc).toBe('Reboot')
  expect((await cpe.post(enveloped('<cwmp:RebootResponse/>', { header, cwmp: '1-0' }))).status).toBe(204)
})

test.each(['0', '1', '2', '16', ''])(
  'session 5: a CPE that says MaxEnvelopes %s gets one at a time, as it is told to',
  async (max) => {
    const cpe = field.cpe()
    await cpe.isAsked({ method: 'Reboot' })
    await cpe.isAsked({ method: 'GetRPCMethods' })
    const heard = await cpe.post(cpe.written().replace('<MaxEnvelopes>1<', `<MaxEnvelopes>${max}<`))
    expect(heard.body).toContain('<MaxEnvelopes>1</MaxEnvelopes>')
    expect((await cpe.empty()).body.match(/Envelope>/g)).toHaveLength(1)
  },
)

test('session 5: a response and a request in one POST are both taken', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  await cpe.empty()
  const response = enveloped('<cwmp:RebootResponse/>')
  const request = enveloped(`<cwmp:TransferComplete>${transferComplete('k')}</cwmp:TransferComplete>`)
  expect((await cpe.post(response + request)).rpc).toBe('TransferCompleteResponse')
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'transfer_completed', commandKey: 'k' }])
})

test('session 5: more envelopes than are read are refused whole', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  expect((await cpe.post(enveloped('<cwmp:GetRPCMethods/>').repeat(9))).status).toBe(400)
})

const timeouts: readonly (readonly [string, number, number])[] = [
  ['', 50_000, 200],
  ['', 70_000, 400],
  ['<cwmp:SessionTimeout>300</cwmp:SessionTimeout>', 290_000, 200],
  ['<cwmp:SessionTimeout>300</cwmp:SessionTimeout>', 310_000, 400],
  ['<cwmp:SessionTimeout>1</cwmp:SessionTimeout>', 50_000, 200],
  ['<cwmp:SessionTimeout>86400</cwmp:SessionTimeout>', 601_000, 400],
  ['<cwmp:sessionTimeout>300</cwmp:sessionTimeout>', 70_000, 400],
]

test.each(timeouts)(
  'session 6: with the header "%s", after %i ms, a POST is answered %i',
  async (header, ms, status) => {
    const cpe = field.cpe()
    await cpe.contact({ header: ID_7 + header })
    clock.ahead += ms
    expect((await cpe.say('GetRPCMethods')).status).toBe(status)
  },
)

const versions: readonly (readonly [string, string, string])[] = [
  ['1.0,1.1,1.2,1.3,1.4', '1.4', '1-2'],
  ['1.0, 1.2', '1.2', '1-2'],
  ['1.0', '1.0', '1-0'],
  ['1.1,9.9', '1.1', '1-1'],
]

test.each(versions)(
  'session 7: of SupportedCWMPVersions %s the newest of ours is used, for the whole session',
  async (offered, version, cwmp) => {
    const cpe = field.cpe()
    await cpe.isAsked({ method: 'GetRPCMethods' })
    const header = `${ID_7}<cwmp:SupportedCWMPVersions soap-env:mustUnderstand="0">${offered}</cwmp:SupportedCWMPVersions>`
    const informed = await cpe.contact({ header })
    expect(informed.body).toContain(`<cwmp:UseCWMPVersion soap-env:mustUnderstand="1">${version}</cwmp:UseCWMPVersion>`)
    expect(await cpe.informs()).toMatchObject([{ cwmpVersion: version }])
    const asked = await cpe.empty()
    expect(asked.body).toContain(`urn:dslforum-org:cwmp-${cwmp}`)
    expect(asked.body).not.toContain('UseCWMPVersion')
  },
)

test('session 7: without that header UseCWMPVersion is not sent, and where nothing is ours it is fault 8006', async () => {
  const cpe = field.cpe()
  expect((await cpe.contact()).body).not.toContain('UseCWMPVersion')
  const header = `${ID_7}<cwmp:SupportedCWMPVersions>3.0</cwmp:SupportedCWMPVersions>`
  const refused = await cpe.contact({ header })
  expect([refused.rpc, refused.body.includes('<FaultCode>8006</FaultCode>')]).toEqual(['Fault', true])
  expect(refused.headers['set-cookie']).toBeUndefined()
})

test.each([
  ['1-0', '1-0', '1.0'],
  ['1-1', '1-1', '1.1'],
  ['1-2', '1-2', '1.2'],
  ['1-7', '1-0', '1.0'],
])('session 8: a CPE of the namespace cwmp-%s is spoken to in cwmp-%s', async (cwmp, ours, version) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  const replies = [await cpe.contact({ cwmp }), await cpe.empty()]
  for (const { body } of replies) expect(body).toContain(`xmlns:cwmp="urn:dslforum-org:cwmp-${ours}"`)
  expect(await cpe.informs()).toMatchObject([{ cwmpVersion: version }])
})

test('session 9: one cookie is set, by the answer to Inform alone, and says nothing that could be guessed', async () => {
  const [cpe, twin] = [field.cpe(), field.cpe()]
  await cpe.isAsked({ method: 'Reboot' })
  const informed = await cpe.contact()
  expect(informed.headers['set-cookie']).toHaveLength(1)
  for (const heard of [await cpe.say('GetRPCMethods'), await cpe.empty(), await cpe.say('RebootResponse')]) {
    expect(heard.headers['set-cookie']).toBeUndefined()
  }
  const first = cpe.cookie
  await cpe.contact()
  expect(cpe.cookie).not.toBe(first)
  await twin.contact()
  expect(twin.cookie?.slice(-22)).not.toBe(cpe.cookie?.slice(-22))
})

const ids = ['1', 'a&lt;b&amp;c&quot;', 'ü 7', '0'.repeat(200)]

test.each(ids)('session 10: the answer bears the cwmp:ID %s of its request, escaped as it was', async (id) => {
  const cpe = field.cpe()
  await cpe.contact()
  const { body } = await cpe.say('GetRPCMethods', '', id)
  expect(body).toContain(`<cwmp:ID soap-env:mustUnderstand="1">${id}</cwmp:ID>`)
})

test('session 10: our requests of one session bear different ones', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetOptions', optionName: '' })
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  const first = await cpe.empty()
  const second = await cpe.say('GetOptionsResponse', '<OptionList/>', first.id)
  expect([second.rpc, second.id === first.id]).toEqual(['GetRPCMethods', false])
})

test.each([true, false])(
  'session 11: an Inform that is repeated begins anew (on the same connection: %s)',
  async (keepAlive) => {
    const cpe = field.cpe({ keepAlive })
    await cpe.isHinted(11)
    await cpe.contact()
    const asked = await cpe.empty()
    expect(asked.rpc).toBe('GetParameterValues')
    const old = cpe.cookie!
    expect((await cpe.contact()).rpc).toBe('InformResponse')
    expect((await cpe.empty()).rpc).toBe('GetParameterValues')
    const values = answerValues(asked, () => 'x')
    expect((await cpe.say('GetParameterValuesResponse', values, '1', { cookie: old })).status).toBe(400)
    expect((await cpe.say('GetParameterValuesResponse', values)).rpc).toBe('Download')
  },
)

test.each(['0', '7', '1485', '4294967295', 'x'])(
  'session 12: RetryCount %s is no reason to refuse an Inform',
  async (retries) => {
    const cpe = field.cpe()
    const heard = await cpe.post(cpe.written().replace('<RetryCount>0<', `<RetryCount>${retries}<`))
    expect(heard.rpc).toBe('InformResponse')
    expect(await cpe.informs()).toHaveLength(1)
  },
)

test('session 2: after a fault in answer to the last request the session ends likewise', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.post(enveloped(fault(9002)))).status).toBe(204)
})
