import { answered } from '@sluice/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fault } from '../testing/cpe.ts'
import { attemptId, go } from '../testing/upgrade-parts.ts'
import { type Field, openField, profileOf } from './field.ts'
import { enveloped } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField({
    profiles: [
      profileOf('AllTen', { downloadArguments: 'all' }),
      profileOf('JustFour', { downloadArguments: 'minimal' }),
    ],
  })
})
afterAll(() => field.close())

const ALL = [
  ['CommandKey', 'FileType', 'URL', 'Username', 'Password', 'FileSize', 'TargetFileName', 'DelaySeconds'],
  ['SuccessURL', 'FailureURL'],
].flat()
const FOUR = ['CommandKey', 'FileType', 'URL', 'DelaySeconds']

/** Names of the arguments, in their order. */
function argumentsOf({ body }: { readonly body: string }): string[] {
  const [, inner = ''] = /<cwmp:Download>(.*)<\/cwmp:Download>/.exec(body) ?? []
  return [...inner.matchAll(/<(\w+)>[^<]*<\/\1>/g)].map(([, name]) => name ?? '')
}

test('download 1: a model that needs all ten arguments gets them, in the order of the schema', async () => {
  const cpe = field.cpe({ model: 'AllTen' })
  await cpe.isHinted(101)
  const download = await cpe.toDownload()
  expect(argumentsOf(download)).toEqual(ALL)
  expect(download.body).toContain('<SuccessURL></SuccessURL>')
  await cpe.post(enveloped(fault(9002)))
  await cpe.isHinted(102)
  expect(argumentsOf(await cpe.toDownload())).toEqual(ALL)
})

test('download 2: a model that takes four alone gets those, whatever it answers', async () => {
  const cpe = field.cpe({ model: 'JustFour' })
  await cpe.isHinted(201)
  expect(argumentsOf(await cpe.toDownload())).toEqual(FOUR)
  await cpe.post(enveloped(fault(9003)))
  await cpe.isHinted(202)
  expect(argumentsOf(await cpe.toDownload())).toEqual(FOUR)
})

test('download 2: so does a device that refused the ten, from its next attempt on', async () => {
  for (const code of [9002, 9003]) {
    const cpe = field.cpe()
    await cpe.isHinted(code)
    expect(argumentsOf(await cpe.toDownload())).toEqual(ALL)
    await cpe.post(enveloped(fault(code)))
    expect(await cpe.facts(1)).toMatchObject([
      { kind: 'download_faulted', attemptId: attemptId(code), faultCode: code },
    ])
    expect((await cpe.record()).refusedArguments).toBe('all')
    await cpe.isHinted(code + 1_000)
    expect(argumentsOf(await cpe.toDownload())).toEqual(FOUR)
  }
})

test('download 3: a device that takes either gets the ten, and a fault for another reason changes nothing', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(301)
  expect(argumentsOf(await cpe.toDownload())).toEqual(ALL)
  await cpe.post(enveloped(fault(9010)))
  await cpe.isHinted(302)
  expect(argumentsOf(await cpe.toDownload())).toEqual(ALL)
})

test('download 3: where the scheduler asks for the other set, the device gets it', async () => {
  const cpe = field.cpe()
  field.stand.onClaim = () => {
    const usual = go(303)
    return usual.ok && usual.data.kind === 'go'
      ? answered({ ...usual.data, downloadArguments: 'other' as const })
      : usual
  }
  await cpe.isHinted(303)
  expect(argumentsOf(await cpe.toDownload())).toEqual(FOUR)
})
