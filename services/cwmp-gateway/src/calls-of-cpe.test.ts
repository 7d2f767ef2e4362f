import { createMemoryHotStore, type HotStore } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createCpe, envelope, informBody } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { attemptId, hint } from './testing/upgrade-parts.ts'

let stand: Stand
let devices = 0
beforeAll(async () => {
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')) })
})
afterAll(() => stand.close())
const newCpe = () => createCpe({ serial: `R${devices++}`, port: () => stand.gateways[0]!.port })

const autonomous =
  '<AnnounceURL/><TransferURL>http://192.0.2.1/f</TransferURL><IsDownload>1</IsDownload><FileType>1 Firmware Upgrade Image</FileType>' +
  '<FileSize>1</FileSize><TargetFileName/><FaultStruct><FaultCode>0</FaultCode><FaultString/></FaultStruct><StartTime/><CompleteTime/>'
const complete = `<CommandKey>${attemptId(5)}</CommandKey><StartTime/><CompleteTime/>`
const download = (fileType: string) => `<FileType>${fileType}</FileType><FileTypeArg/>`
const kicked = (next: string) => `<Command>c</Command><Referer>r</Referer><Arg>a</Arg><Next>${next}</Next>`

describe('a request of a CPE', () => {
  test.each([
    ['TransferComplete', complete],
    ['AutonomousTransferComplete', autonomous],
    ['RequestDownload', download('2 Web Content')],
    ['DUStateChangeComplete', '<Results/><CommandKey>k</CommandKey>'],
    ['AutonomousDUStateChangeComplete', '<Results/>'],
    ['GetRPCMethods', ''],
    ['Kicked', kicked('/x')],
  ])('%s has its response, with the same id, before any call of ours and after the last', async (rpc, inner) => {
    const cpe = newCpe()
    await cpe.inform()
    const before = await cpe.say(rpc, inner, 'id & 1'.replace('&', '&amp;'))
    expect([before.status, before.rpc, before.id]).toEqual([200, `${rpc}Response`, 'id &amp; 1'])
    expect((await cpe.empty()).status).toBe(204)
    expect((await cpe.say(rpc, inner)).rpc).toBe(`${rpc}Response`)
  })

  test('that we do not know is fault 8000, and the session goes on', async () => {
    const cpe = newCpe()
    await cpe.inform()
    const { body } = await cpe.say('X_012345_Beep')
    expect(body).toContain('<FaultCode>8000</FaultCode>')
    expect((await cpe.empty()).status).toBe(204)
  })

  test('whose arguments say nothing is fault 8003', async () => {
    const cpe = newCpe()
    await cpe.inform()
    expect((await cpe.say('RequestDownload')).body).toContain('<FaultCode>8003</FaultCode>')
  })

  test.each([
    ['/index.html?a=1', '/index.html?a=1'],
    ['http://evil.example/', ''],
    ['//evil.example/', ''],
    ['/\\evil.example/', ''],
    ['javascript:alert(1)', ''],
  ])('Kicked with Next %j sends the browser to %j', async (next, nextUrl) => {
    const cpe = newCpe()
    await cpe.inform({ events: ['5 KICKED'] })
    expect((await cpe.say('Kicked', kicked(next))).body).toContain(`<NextURL>${nextUrl}</NextURL>`)
  })
})

describe('a CPE that asks for firmware itself', () => {
  const later = { notBefore: '2036-01-01T00:00:00.000Z' }

  test('has its upgrade claimed, though its time has not come', async () => {
    const cpe = newCpe()
    await stand.hotStore.place([hint(cpe.deviceKey, 1, later)])
    await cpe.inform({ events: ['9 REQUEST DOWNLOAD'] })
    expect((await cpe.say('RequestDownload', download('1 Firmware Upgrade Image'))).rpc).toBe('RequestDownloadResponse')
    expect((await cpe.empty()).rpc).toBe('GetParameterValues')
  })

  test('has none claimed for another file, or where it does not ask', async () => {
    const cpe = newCpe()
    await stand.hotStore.place([hint(cpe.deviceKey, 1, later)])
    await cpe.inform()
    await cpe.say('RequestDownload', download('3 Vendor Configuration File'))
    expect((await cpe.empty()).status).toBe(204)
  })
})

describe('several envelopes in one POST', () => {
  test('quirk 42: what comes behind an Inform is stored, and the Inform is what is answered', async () => {
    const cpe = createCpe({ serial: 'R-two', port: () => stand.gateways[0]!.port })
    const inform = envelope('1-2', 'first', informBody('R-two', '1.0', ['7 TRANSFER COMPLETE']))
    const transfer = envelope('1-2', 'second', `<cwmp:TransferComplete>${complete}</cwmp:TransferComplete>`)
    const heard = await cpe.post(inform + transfer)
    expect([heard.rpc, heard.id]).toEqual(['InformResponse', 'first'])
    await waitUntil(() =>
      stand.observed.some(({ deviceKey, fact }) => deviceKey === cpe.deviceKey && fact.kind === 'transfer_completed'),
    )
    // Not answered, so it comes again, and is.
    expect((await cpe.say('TransferComplete', complete)).rpc).toBe('TransferCompleteResponse')
  })

  test('quirk 42: of two requests both are stored, and the first is answered', async () => {
    const cpe = newCpe()
    await cpe.inform()
    const before = stand.facts('transfer_completed').length
    const both = ['a', 'b'].map((key) =>
      envelope('1-2', key, `<cwmp:TransferComplete><CommandKey>${key}</CommandKey></cwmp:TransferComplete>`),
    )
    const heard = await cpe.post(both.join(''))
    expect([heard.rpc, heard.id]).toEqual(['TransferCompleteResponse', 'a'])
    await waitUntil(() => stand.facts('transfer_completed').length === before + 2)
  })

  test('quirk 42: an answer beside a request leads to the next call, and the request is stored', async () => {
    const cpe = newCpe()
    await stand.hotStore.place([hint(cpe.deviceKey)])
    await cpe.inform()
    await cpe.empty()
    const before = stand.facts('transfer_completed').length
    const answer = envelope(
      '1-2',
      '1',
      '<cwmp:GetParameterValuesResponse><ParameterList/></cwmp:GetParameterValuesResponse>',
    )
    const transfer = envelope('1-2', '2', `<cwmp:TransferComplete>${complete}</cwmp:TransferComplete>`)
    // The claim nobody answers ends the session: nothing to say but the answer that is owed.
    expect((await cpe.post(answer + transfer)).rpc).toBe('TransferCompleteResponse')
    await waitUntil(() => stand.facts('transfer_completed').length === before + 1)
  })
})

test('a request that met another one on its device is asked for again by fault 8005, and answered then', async () => {
  const memory = createMemoryHotStore({ clock: systemClock })
  let overtaken = true
  const hotStore: HotStore = {
    ...memory,
    save: (saves) => {
      const answers = overtaken ? Promise.resolve(saves.map(() => 'stale' as const)) : memory.save(saves)
      overtaken = false
      return answers
    },
  }
  const busy = await openStand({ transport: await natsTransport(inject('natsUrl')), hotStore })
  const cpe = createCpe({ serial: 'race', port: () => busy.gateways[0]!.port })
  await cpe.inform()
  const heard = await cpe.say('RequestDownload', download('1 Firmware Upgrade Image'), '42')
  expect([heard.status, heard.id]).toEqual([200, '42'])
  expect(heard.body).toContain('<FaultCode>8005</FaultCode>')
  expect((await cpe.say('RequestDownload', download('1 Firmware Upgrade Image'))).rpc).toBe('RequestDownloadResponse')
  cpe.close()
  await busy.close()
})
