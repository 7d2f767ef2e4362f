import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from 'node:tls'
import { answered } from '@sluice/contracts'
import { answerChallenge, ha1 } from '@sluice/http-auth'
import { type Clock, systemClock } from '@sluice/runtime'
import { type Authority, createAuthority, type Signed, waitUntil } from '@sluice/testbed'
import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import type { GatewaySettings, TlsSettings } from './config.ts'
import { createCpe, type CpeOptions, envelope, type Heard, informBody, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { hint } from './testing/upgrade-parts.ts'

let operator: Authority
let vendor: Authority
let server: Signed
let stand: Stand
let look: () => void
const cpes: TestCpe[] = []

beforeAll(() => {
  operator = createAuthority('operator')
  vendor = createAuthority('vendor')
  // RSA, for the one suite that every CPE has (TR-069 3.3).
  server = operator.sign('localhost', { key: 'rsa' })
})
afterEach(async () => {
  cpes.splice(0).forEach((cpe) => cpe.close())
  await stand.close()
})

const open = async (tls: Partial<TlsSettings> = {}, settings: Partial<GatewaySettings> = {}) => {
  const clock: Clock = {
    ...systemClock,
    every: (ms, run) => {
      if (ms !== 10_000) return systemClock.every(ms, run)
      look = run
      return () => {}
    },
  }
  const files = { certFile: server.certFile, keyFile: server.keyFile, clientCaFile: vendor.caFile }
  const clientCertificates = 'off' as const
  stand = await openStand({
    transport: await natsTransport(inject('natsUrl')),
    clock,
    settings: { auth: 'digest', tls: { port: 0, ...files, clientCertificates, ...tls }, ...settings },
  })
  stand.onCredential = (deviceKey) => {
    const username = [...usernames].find(([key]) => key === deviceKey)?.[1] ?? 'nobody'
    return answered({ kind: 'known', candidates: [{ role: 'own', username, ha1: ha1(username, 'sluice', 'right') }] })
  }
}
const usernames = new Map<string, string>()
const tlsPort = () => stand.gateways[0]!.tlsPort
const trusting = (more: ConnectionOptions = {}): ConnectionOptions => ({
  ca: operator.ca,
  servername: 'localhost',
  ...more,
})
const shows = ({ cert, key }: Signed) => trusting({ cert, key })
const cpeOf = (serial: string, tls: ConnectionOptions, more: Partial<CpeOptions> = {}) => {
  const cpe = createCpe({ serial, port: tlsPort, tls, ...more })
  usernames.set(cpe.deviceKey, `00D09E-HomeBox-${serial}`)
  cpes.push(cpe)
  return cpe
}
const plainCpeOf = (serial: string) => {
  const cpe = createCpe({ serial, port: () => stand.gateways[0]!.port })
  usernames.set(cpe.deviceKey, `00D09E-HomeBox-${serial}`)
  cpes.push(cpe)
  return cpe
}
const answerTo = (challenged: Heard, username: string) => {
  const challenges = challenged.headers['www-authenticate'] ?? ''
  const answer = answerChallenge({
    challenges,
    method: 'POST',
    uri: '/acs',
    username,
    password: 'right',
    cnonce: 'c',
    nc: 1,
  })
  return { authorization: answer.kind === 'answer' ? answer.authorization : '' }
}
const basic = (username: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
})
const handshake = (options: ConnectionOptions) =>
  new Promise<{ protocol: string | null; cipher: string; commonName: string }>((resolve, reject) => {
    const socket = connect({ port: tlsPort(), host: '127.0.0.1', ...options }, () => {
      const commonName = String(socket.getPeerCertificate().subject.CN)
      resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().name, commonName })
      socket.destroy()
    })
    socket.on('error', reject)
  })

describe('TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a session goes over %s, and over plain HTTP at the same time',
    async (version) => {
      await open()
      for (const cpe of [cpeOf('S1', trusting({ minVersion: version, maxVersion: version })), plainCpeOf('S2')]) {
        const challenged = await cpe.inform()
        expect(challenged.status).toBe(401)
        expect((await cpe.inform({ headers: answerTo(challenged, usernames.get(cpe.deviceKey)!) })).rpc).toBe(
          'InformResponse',
        )
        expect((await cpe.empty()).status).toBe(204)
      }
      expect((await handshake(trusting({ minVersion: version, maxVersion: version }))).protocol).toBe(version)
    },
  )

  test('the one cipher suite that every CPE has is taken, what is older than TLS 1.2 is not', async () => {
    await open()
    const only = await handshake(trusting({ maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }))
    expect(only.cipher).toBe('AES128-SHA')
    const old = trusting({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
    await expect(handshake(old)).rejects.toThrow()
  })

  test('plain HTTP can be off', async () => {
    await open({}, { plain: false })
    expect(stand.gateways[0]!.port).toBe(0)
    expect((await cpeOf('S1', trusting()).inform()).status).toBe(401)
  })

  test('basic that nobody asked for is taken over TLS, and over plain HTTP it is not', async () => {
    await open()
    const headers = basic('00D09E-HomeBox-S1', 'right')
    expect((await cpeOf('S1', trusting()).inform({ headers })).rpc).toBe('InformResponse')
    expect((await cpeOf('S1', trusting()).inform({ headers: basic('00D09E-HomeBox-S1', 'guess') })).status).toBe(401)
    const heard = await plainCpeOf('S1').inform({ headers })
    expect([heard.status, heard.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Digest /)])
  })

  test('basic is asked for over TLS alone', async () => {
    await open({}, { auth: 'basic', plain: false })
    const cpe = cpeOf('S1', trusting())
    expect((await cpe.inform()).headers['www-authenticate']).toBe('Basic realm="sluice"')
    expect((await cpe.inform({ headers: basic('00D09E-HomeBox-S1', 'right') })).rpc).toBe('InformResponse')
    await expect(stand.open({ plain: true, auth: 'basic' })).rejects.toMatchObject({ code: 'invalid_settings' })
  })

  test('a renewed certificate is shown without a restart, and while its files do not fit the old one is', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
    const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
    copyFileSync(server.certFile, certFile)
    copyFileSync(server.keyFile, keyFile)
    await open({ certFile, keyFile })
    const shown = async () => (await handshake(trusting({ rejectUnauthorized: false }))).commonName
    expect(await shown()).toBe('localhost')
    const renewed = operator.sign('renewed')
    copyFileSync(renewed.certFile, certFile)
    look()
    writeFileSync(keyFile, 'half a file')
    look()
    expect(await shown()).toBe('localhost')
    copyFileSync(renewed.keyFile, keyFile)
    await waitUntil(async () => {
      look()
      return (await shown()) === 'renewed'
    })
  })

  test('settings that contradict each other are refused', async () => {
    await open()
    for (const settings of [
      { plain: false, tls: null },
      { tls: { port: 0, certFile: '', keyFile: '', clientCaFile: null, clientCertificates: 'off' as const } },
      { tls: { port: 0, ...server, clientCaFile: null, clientCertificates: 'required' as const } },
    ]) {
      await expect(stand.open(settings)).rejects.toMatchObject({ code: 'invalid_settings' })
    }
  })
})

describe('a client certificate', () => {
  const own = (serial: string) => vendor.sign(`00D09E-HomeBox-${serial}`)

  test('security 2: a certificate whose CN is the device’s is all it needs, with a cookie and without', async () => {
    await open({ clientCertificates: 'optional' })
    for (const cookies of [true, false]) {
      const cpe = cpeOf('S1', shows(own('S1')), { cookies, keepAlive: cookies })
      await stand.hotStore.place([hint(cpe.deviceKey)])
      expect((await cpe.inform()).rpc).toBe('InformResponse')
      expect((await cpe.empty()).rpc).toBe('GetParameterValues')
    }
    expect(stand.credentialRequests).toEqual([])
  })

  test('bad input 32: of another device is 403, and nothing is published', async () => {
    await open({ clientCertificates: 'optional' })
    const headers = basic('00D09E-HomeBox-S1', 'right')
    const heard = await cpeOf('S1', shows(own('S2'))).inform({ headers })
    expect([heard.status, heard.body, heard.headers['content-length']]).toEqual([403, '', '0'])
    const sameSerial = vendor.sign('00D09E-OtherBox-S1')
    expect((await cpeOf('S1', shows(sameSerial)).inform()).status).toBe(403)
    expect(stand.informed).toEqual([])
  })

  test('bad input 32: does not carry on the session of another device, whatever cookie it brings', async () => {
    await open({ clientCertificates: 'optional' })
    const device = cpeOf('S1', shows(own('S1')))
    await stand.hotStore.place([hint(device.deviceKey)])
    await device.inform()
    const thief = cpeOf('S2', shows(own('S2')))
    thief.cookie = device.cookie
    expect((await thief.empty()).status).toBe(204)
    expect((await thief.say('GetRPCMethods')).status).toBe(400)
    expect((await device.empty()).rpc).toBe('GetParameterValues')
  })

  test('bad input 32: whose CN names no device needs HTTP authentication as well', async () => {
    await open({ clientCertificates: 'required' })
    const generic = vendor.sign('Acme HomeBox')
    const cpe = cpeOf('S1', shows(generic))
    const challenged = await cpe.inform()
    expect(challenged.status).toBe(401)
    expect((await cpe.inform({ headers: answerTo(challenged, '00D09E-HomeBox-S1') })).rpc).toBe('InformResponse')
    expect((await cpeOf('S2', shows(generic)).inform({ headers: basic('00D09E-HomeBox-S2', 'guess') })).status).toBe(
      401,
    )
  })

  test.each([
    ['TLSv1.2', 'optional'],
    ['TLSv1.3', 'optional'],
    ['TLSv1.2', 'required'],
    ['TLSv1.3', 'required'],
  ] as const)(
    'bad input 32: that expired or that a stranger signed gets nowhere (%s, %s)',
    async (version, clientCertificates) => {
      await open({ clientCertificates })
      const expired = vendor.sign('00D09E-HomeBox-S1', { days: -1 })
      const strange = createAuthority('stranger').sign('00D09E-HomeBox-S1')
      for (const certificate of [expired, strange]) {
        const tls = { ...shows(certificate), minVersion: version, maxVersion: version }
        await expect(cpeOf('S1', tls).inform()).rejects.toThrow()
      }
      expect(stand.informed).toEqual([])
    },
  )

  test('where it is optional a CPE without one authenticates over HTTP, where it is required it gets nowhere', async () => {
    await open({ clientCertificates: 'optional' })
    const cpe = cpeOf('S1', trusting())
    expect((await cpe.inform({ headers: basic('00D09E-HomeBox-S1', 'right') })).rpc).toBe('InformResponse')
    await stand.close()
    await open({ clientCertificates: 'required' })
    await expect(cpeOf('S1', trusting()).inform()).rejects.toThrow()
  })

  test('means nothing where none is asked for', async () => {
    await open({ clientCertificates: 'off' })
    expect((await cpeOf('S1', shows(own('S1'))).inform()).status).toBe(401)
  })

  test('is that of the device however its name is escaped', async () => {
    await open({ clientCertificates: 'optional' })
    for (const name of ['00d09e-HomeBox-S%2D1', '00D09E-%48omeBox-%53%2d1']) {
      expect((await cpeOf('S-1', shows(vendor.sign(name))).inform()).rpc).toBe('InformResponse')
    }
  })

  test('bad input 32: whose name is that of several devices is proof of none of them', async () => {
    await open({ clientCertificates: 'optional' })
    const ambiguous = vendor.sign('00D09E-HomeBox-S-1')
    const challenged = await cpeOf('S-1', shows(ambiguous)).inform()
    expect(challenged.status).toBe(401)
    const headers = answerTo(challenged, '00D09E-HomeBox-S-1')
    const cpe = cpeOf('S-1', shows(ambiguous))
    expect((await cpe.inform({ headers })).rpc).toBe('InformResponse')
    // The device without a product class whose serial number is HomeBox-S1 would be called the same.
    const other = cpeOf('HomeBox-S1', shows(own('S1')))
    const inform = envelope('1-2', '1', informBody('HomeBox-S1', '1.0', ['1 BOOT']))
    expect((await other.post(inform.replace('<ProductClass>HomeBox<', '<ProductClass><'))).status).toBe(403)
  })

  test('is known again when TLS is resumed', async () => {
    await open({ clientCertificates: 'optional' })
    const cpe = cpeOf('S1', shows(own('S1')), { keepAlive: false })
    for (let post = 0; post < 3; post++) {
      expect((await cpe.inform()).rpc).toBe('InformResponse')
      expect((await cpe.empty()).status).toBe(204)
    }
  })
})
