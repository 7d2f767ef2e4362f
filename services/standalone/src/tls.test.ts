import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFleet } from '@sluice/device-simulator'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { prepareEmbedded, waitUntil } from '@sluice/testbed'
import { afterAll, expect, test } from 'vitest'
import { type Standalone, startStandalone } from './standalone.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

test('the one-process system speaks TLS alone when it is told to, and devices come over it', async () => {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...name]
  execFileSync('openssl', [...made, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' })
  prepareEmbedded(join(folder, 'state', 'database'))
  const system = await start({ certFile, keyFile })
  expect(system.acsUrl).toMatch(/^https:/)

  const ca = readFileSync(certFile, 'utf8')
  const fleet = createFleet({ acsUrl: system.acsUrl, count: 1, seed: 3, serialPrefix: 'TLS', device: { tls: { ca } } })
  closing.push(() => fleet.stop(500))
  const body = JSON.stringify({ items: fleet.credentials() })
  const headers = { authorization: `Bearer ${system.operatorToken}`, 'content-type': 'application/json' }
  await fetch(`${system.apiUrl}/v1/devices/import`, { method: 'POST', body, headers })
  const informed: string[] = []
  fleet.onRecord((line) => line.what === 'informed' && informed.push(line.deviceName))
  fleet.start()
  await waitUntil(() => informed.length > 0, { deadlineMs: 45_000 })
  await expect(fetch(system.acsUrl.replace('https', 'http'), { method: 'POST' })).rejects.toThrow()
}, 180_000)

async function start(files: { certFile: string; keyFile: string }): Promise<Standalone> {
  const log = createLog({ service: 'test', level: 'silent' })
  const system = await startStandalone(
    { clock: systemClock, ids: createIds(), log },
    {
      stateDirectory: join(folder, 'state'),
      host: '127.0.0.1',
      publicHost: '127.0.0.1',
      cwmpPort: 0,
      http: { plain: false, tls: { port: 0, ...files, clientCaFile: null, clientCertificates: 'off' } },
      filesPort: 0,
      apiHost: '127.0.0.1',
      apiPort: 0,
      labNetworks: '',
      requireRelease: true,
      registry: {},
      stunPort: null,
      notificationsPort: null,
    },
  )
  closing.push(() => system.stop())
  return system
}
