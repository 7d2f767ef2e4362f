import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { callHint, committingCalls, taskId } from './testing/call-parts.ts'
import { createCpe, type TestCpe, values } from './testing/cpe.ts'
import { putRules } from './testing/put-rules.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'

let stand: Stand
let devices = 0
const published: string[] = []
beforeAll(async () => {
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')) })
  stand.beforePublish = async (name) => void published.push(name)
})
afterAll(() => stand.close())
beforeEach(() => (published.length = 0))

const newCpe = () => createCpe({ serial: `M${devices++}`, port: () => stand.gateways[0]!.port })
const linesOf = ({ deviceKey }: TestCpe) => stand.others.messages.filter((each) => each.deviceKey === deviceKey)

test('an idle session publishes its Inform and nothing else', async () => {
  const cpe = newCpe()
  await cpe.inform()
  expect((await cpe.empty()).status).toBe(204)
  expect(published).toEqual(['device.informed'])
  await stand.gateways[0]!.stop()
  expect(published).toEqual(['device.informed'])
  await stand.open()
  ;(stand.gateways as unknown[]).shift()
})

test('what is said in a session is told line by line, with command key, fault, warnings and size, and no body', async () => {
  const cpe = newCpe()
  stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'Reboot' } })
  await stand.hotStore.place([callHint(cpe.deviceKey)])
  const { body } = await cpe.inform({ events: ['1 boot', '4 VALUE CHANGE'] })
  await cpe.empty()
  await cpe.say('RebootResponse')
  await cpe.say(
    'TransferComplete',
    '<CommandKey>k</CommandKey><FaultStruct><FaultCode>9010</FaultCode><FaultString/></FaultStruct>',
  )
  await waitUntil(() => linesOf(cpe).length === 6)
  const lines = linesOf(cpe)
  expect(lines.map(({ from, method, commandKey, faultCode }) => [from, method, commandKey, faultCode])).toEqual([
    ['cpe', 'Inform', null, null],
    ['acs', 'InformResponse', null, null],
    ['acs', 'Reboot', taskId(1), null],
    ['cpe', 'RebootResponse', null, null],
    ['cpe', 'TransferComplete', 'k', 9010],
    ['acs', 'TransferCompleteResponse', null, null],
  ])
  expect(lines[0]).toMatchObject({ events: ['1 BOOT', '4 VALUE CHANGE'], warnings: ['event_code_form'] })
  expect(lines[1]?.bytes).toBe(Buffer.byteLength(body))
  expect(lines.some((line) => 'body' in line)).toBe(false)
  expect(new Set(lines.map(({ sessionId }) => sessionId)).size).toBe(1)
})

test('bodies are kept of the devices that were named alone, without the secrets in them', async () => {
  const cpe = newCpe()
  const other = newCpe()
  await putRules(stand, { logBodiesOf: [cpe.deviceKey] })
  const call = { method: 'GetParameterValues' as const, names: ['Device.WiFi.AccessPoint.1.Security.KeyPassphrase'] }
  stand.others.onCall = committingCalls({ [taskId(1)]: call, [taskId(2)]: call })
  await stand.hotStore.place([callHint(cpe.deviceKey, 1), callHint(other.deviceKey, 2)])
  for (const each of [cpe, other]) {
    await each.inform()
    await each.empty()
    const list = values([...call.names.map((name) => [name, 'top-secret']), ['Device.A', 'plain']])
    await each.say('GetParameterValuesResponse', `<ParameterList>${list}</ParameterList>`)
  }
  await waitUntil(() => linesOf(cpe).length === 2 && linesOf(other).length === 2)
  const bodies = linesOf(cpe).map(({ body }) => body ?? '')
  expect(bodies[0]).toContain('GetParameterValues')
  expect(bodies[1]).toContain('plain')
  expect(bodies.join('')).not.toContain('top-secret')
  expect(linesOf(other).some(({ body }) => body !== undefined)).toBe(false)
})

test('a log that cannot be published holds up no session, and what waits at the end is still written', async () => {
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  stand.beforePublish = (name) => (name === 'device.messages' ? held : Promise.resolve())
  const cpe = newCpe()
  expect((await cpe.inform({ events: ['1 BOOT'] })).status).toBe(200)
  expect((await cpe.empty()).status).toBe(204)
  expect(linesOf(cpe)).toEqual([])
  const stopped = stand.gateways[0]!.stop()
  release()
  await stopped
  await waitUntil(() => linesOf(cpe).length === 2)
})
