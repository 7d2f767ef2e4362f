import { answered } from '@sluice/contracts'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Heard, answerValues, fault } from '../testing/cpe.ts'
import { attemptId, go, hint } from '../testing/upgrade-parts.ts'
import { type Field, type FieldCpe, openField, profileOf } from './field.ts'
import { enveloped } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField({
    profiles: [profileOf('Scheduler', { scheduleDownload: 'yes' }), profileOf('Never', { scheduleDownload: 'no' })],
  })
})
afterEach(() => {
  field.stand.onClaim = () => go(1)
})
afterAll(() => field.close())

const WINDOWS = [
  { startSeconds: 600, endSeconds: 7_800, mode: '3 When Idle', userMessage: 'New firmware & more', maxRetries: -1 },
  { startSeconds: 87_000, endSeconds: 94_200, mode: '3 When Idle', userMessage: 'New firmware & more', maxRetries: -1 },
]

/** As the scheduler answers: windows for who takes them. */
function answersWindows(n: number): void {
  field.stand.onClaim = ({ takesScheduleDownload }) => {
    const plain = go(n)
    if (!plain.ok || plain.data.kind !== 'go' || takesScheduleDownload !== true) return plain
    return answered({ ...plain.data, schedule: WINDOWS })
  }
}

const isHinted = (cpe: FieldCpe, n: number) => field.stand.hotStore.place([hint(cpe.deviceKey, n, { schedules: true })])

const methods = (...names: string[]) =>
  `<MethodList soap-enc:arrayType="xsd:string[${names.length}]">${names.map((name) => `<string>${name}</string>`).join('')}</MethodList>`

/** From its Inform over its methods and snapshot to what it is offered. */
async function toOffer(cpe: FieldCpe, ...names: string[]): Promise<Heard> {
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  return afterSnapshot(cpe, await cpe.say('GetRPCMethodsResponse', methods(...names)))
}

async function afterSnapshot(cpe: FieldCpe, first: Heard): Promise<Heard> {
  let heard = first
  while (heard.rpc === 'GetParameterValues') {
    heard = await cpe.say(
      'GetParameterValuesResponse',
      answerValues(heard, () => 'x'),
    )
  }
  return heard
}

test('a device whose methods include ScheduleDownload gets its windows, and may not begin within the session', async () => {
  const cpe = field.cpe()
  answersWindows(1)
  await isHinted(cpe, 1)
  const offer = await toOffer(cpe, 'Download', 'ScheduleDownload')
  expect(offer.rpc).toBe('ScheduleDownload')
  expect(offer.body).toContain(`<CommandKey>${attemptId(1)}</CommandKey><FileType>1 Firmware Upgrade Image</FileType>`)
  expect(offer.body).toContain(
    '<WindowStart>600</WindowStart><WindowEnd>7800</WindowEnd><WindowMode>3 When Idle</WindowMode>',
  )
  expect(offer.body).toContain('<UserMessage>New firmware &amp; more</UserMessage><MaxRetries>-1</MaxRetries>')
  expect(offer.body).toContain('<WindowStart>87000</WindowStart>')
  await cpe.say('ScheduleDownloadResponse')
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'download_answered', attemptId: attemptId(1), status: 1 }])
})

test('a device whose methods do not include it gets Download, with its delay and its pages', async () => {
  const cpe = field.cpe()
  field.stand.onClaim = () => {
    const plain = go(2)
    if (!plain.ok || plain.data.kind !== 'go') return plain
    return answered({ ...plain.data, delaySeconds: 900, successUrl: 'http://p/ok', failureUrl: 'http://p/no' })
  }
  await isHinted(cpe, 2)
  const offer = await toOffer(cpe, 'Download')
  expect(offer.rpc).toBe('Download')
  expect(offer.body).toContain(
    '<DelaySeconds>900</DelaySeconds><SuccessURL>http://p/ok</SuccessURL><FailureURL>http://p/no</FailureURL>',
  )
  expect(field.stand.claims.at(-1)?.takesScheduleDownload).toBe(false)
})

test('a device that faults the question for its methods is not known to take it, unless it knows no such method', async () => {
  for (const [code, takes] of [
    [9000, false],
    [9002, undefined],
  ] as const) {
    const cpe = field.cpe()
    answersWindows(code)
    await isHinted(cpe, code)
    await cpe.contact()
    await cpe.empty()
    expect((await afterSnapshot(cpe, await cpe.post(enveloped(fault(code))))).rpc).toBe('Download')
    expect(field.stand.claims.at(-1)?.takesScheduleDownload).toBe(takes)
  }
})

test('where the profile says it nobody is asked, and who is not to be scheduled is not asked either', async () => {
  answersWindows(5)
  const yes = field.cpe({ model: 'Scheduler' })
  await isHinted(yes, 5)
  expect((await yes.toDownload()).rpc).toBe('ScheduleDownload')
  answersWindows(6)
  const no = field.cpe({ model: 'Never' })
  await isHinted(no, 6)
  expect((await no.toDownload()).rpc).toBe('Download')
  expect(field.stand.claims.at(-1)?.takesScheduleDownload).toBe(false)
  answersWindows(7)
  const plain = field.cpe()
  await plain.isHinted(7)
  expect((await plain.toDownload()).rpc).toBe('Download')
})

test.each([9000, 9003])('ScheduleDownload refused with %i is told, and teaches nothing of arguments', async (code) => {
  const cpe = field.cpe({ model: 'Scheduler' })
  answersWindows(code + 10)
  await isHinted(cpe, code + 10)
  await cpe.toDownload()
  await cpe.post(enveloped(fault(code)))
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'download_faulted', faultCode: code }])
  expect((await cpe.record()).refusedArguments).toBeNull()
})

test('a ScheduleDownload whose answer was lost is never sent again: the device is asked what it holds', async () => {
  const cpe = field.cpe({ model: 'Scheduler' })
  answersWindows(8)
  await isHinted(cpe, 8)
  expect((await cpe.toDownload()).rpc).toBe('ScheduleDownload')
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetAllQueuedTransfers')
  expect(await cpe.facts(2)).toContainEqual({ kind: 'download_unanswered', attemptId: attemptId(8) })
})
