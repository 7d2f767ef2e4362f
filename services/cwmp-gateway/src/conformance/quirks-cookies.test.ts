import { afterAll, beforeAll, expect, test } from 'vitest'
import { answered } from '@sluice/contracts'
import { answerChallenge, ha1 } from '@sluice/http-auth'
import type { Heard } from '../testing/cpe.ts'
import { type Field, type FieldCpe, openField } from './field.ts'
import { rawPost } from './raw-line.ts'
import { enveloped } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

const written: readonly (readonly [string, (cookie: string) => string])[] = [
  ['apart by commas', (cookie) => `lang=en,${cookie},a=b`],
  ['with its value in quotes', (cookie) => cookie.replace(/=(.*)$/, '="$1"')],
  ['behind that of an old session', (cookie) => `${cookie.replace(/\..*$/, `.${'A'.repeat(22)}`)}; ${cookie}`],
  ['with a blank before and behind the sign', (cookie) => cookie.replace('=', ' = ')],
]

test.each(written)('quirk 1: a cookie %s names its session', async (_, write) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  const line = await field.line()
  const heard = await line.ask(rawPost('', `Cookie: ${write(cpe.cookie!)}`))
  expect([heard.status, heard.body.includes('<cwmp:GetRPCMethods>')]).toEqual([200, true])
})

test('quirk 1: the cookie of an old session does not carry its Inform into that session', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  const old = cpe.cookie!
  await cpe.isAsked({ method: 'GetRPCMethods' })
  const heard = await cpe.contact()
  expect([heard.status, heard.rpc]).toEqual([200, 'InformResponse'])
  expect(cpe.cookie).not.toBe(old)
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  expect((await cpe.post('', { cookie: old })).status).toBe(400)
  expect(await cpe.informs(2)).toHaveLength(2)
})

test('quirk 2: the cookie is for every path, by name, and has no other condition', async () => {
  const cpe = field.cpe()
  const heard = await cpe.contact()
  const [cookie, ...attributes] = heard.headers['set-cookie']![0]!.split('; ')
  expect(cookie).toMatch(/^sluice=dev_[a-z2-7]{26}\.[\w-]{22}$/)
  expect(attributes).toEqual(['Path=/', 'HttpOnly'])
})

/** Sends, is challenged, and sends again with credentials: as a client does that keeps nothing at all. */
async function proven(cpe: FieldCpe, send: (headers: Record<string, string>) => Promise<Heard>): Promise<Heard> {
  const challenged = await send({})
  expect(challenged.status).toBe(401)
  const challenges = challenged.headers['www-authenticate'] ?? ''
  const credentials = { username: `00D09E-HomeBox-${cpe.serial}`, password: 'right' }
  const answer = answerChallenge({ challenges, method: 'POST', uri: '/acs', cnonce: 'abc', nc: 1, ...credentials })
  return send({ authorization: answer.kind === 'answer' ? answer.authorization : '' })
}

test('quirk 3: a CPE that returns no cookie is known by its user name, on a new connection each time', async () => {
  const { port } = await field.stand.open({ auth: 'digest' })
  const cpe = field.cpe({ port: () => port, cookies: false, keepAlive: false })
  const username = `00D09E-HomeBox-${cpe.serial}`
  const candidate = { role: 'own', username, ha1: ha1(username, 'sluice', 'right') } as const
  field.stand.onCredential = () => answered({ kind: 'known', candidates: [candidate] })
  await cpe.isAsked({ method: 'FactoryReset' })
  expect((await proven(cpe, (headers) => cpe.post(cpe.written(), headers))).rpc).toBe('InformResponse')
  expect((await proven(cpe, (headers) => cpe.post('', headers))).rpc).toBe('FactoryReset')
  const response = enveloped('<cwmp:FactoryResetResponse/>')
  expect((await proven(cpe, (headers) => cpe.post(response, headers))).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
})

test('quirk 3: without authentication its connection is its session where that is allowed, and nobody’s where not', async () => {
  const { port } = await field.stand.open({ connectionSessions: true })
  for (const [at, expected] of [
    [port, 'GetRPCMethods'],
    [field.port, ''],
  ] as const) {
    const cpe = field.cpe({ port: () => at, cookies: false })
    await cpe.isAsked({ method: 'GetRPCMethods' })
    await cpe.contact()
    expect((await cpe.empty()).rpc).toBe(expected)
  }
})
