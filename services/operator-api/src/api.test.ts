import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { type Bus, createEmbeddedBus } from '@sluice/bus'
import { ClientError, createClient } from '@sluice/client'
import {
  type Artifact,
  answered,
  artifactGet,
  campaignControl,
  campaignList,
  deviceGet,
  deviceImport,
  refused,
  upgradeChanged,
  upgradeList,
} from '@sluice/contracts'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { inMemory } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createOperatorApi } from './api.ts'

const log = createLog({ service: 'test', level: 'silent' })
const ids = createIds()
const token = 'a-token-of-the-test'
const intakeToken = 'intake-token-of-the-test'
const closing: (() => Promise<unknown>)[] = []
let url = ''
let services: Bus
let intake: { received: Buffer; authorization: string | undefined; status: number; thinksMs: number }

beforeAll(async () => {
  const sql = await openEmbedded(inMemory())
  closing.push(() => sql.close())
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
  closing.push(() => hub.close())
  services = hub.as('campaign-scheduler')
  const api = createOperatorApi(
    { bus: hub.as('operator-api'), clock: systemClock, log },
    { host: '127.0.0.1', port: 0, tokens: `ann=${token}`, intakeUrl: await startIntake(), intakeToken, bodyMs: 1_000 },
  )
  url = `http://127.0.0.1:${(await api.start()).port}`
  closing.push(() => api.stop())
})

afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

/** Takes uploads as the artifact-resolver does. */
async function startIntake(): Promise<string> {
  intake = { received: Buffer.alloc(0), authorization: undefined, status: 201, thinksMs: 0 }
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    intake.received = await buffer(request)
    intake.authorization = request.headers.authorization
    await systemClock.sleep(intake.thinksMs)
    response.writeHead(intake.status, { 'content-type': 'application/json' })
    response.end(
      intake.status === 201 ? '{}' : JSON.stringify({ code: 'conflict', detail: 'content is there already' }),
    )
  }
  const server = createServer((request, response) => void take(request, response).catch(() => {}))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const bearer = { authorization: `Bearer ${token}` }
const client = () => createClient({ url, token })

test('without a known token every operation is refused', async () => {
  for (const authorization of [undefined, 'Bearer wrong', `Basic ${token}`, `Bearer ${token}x`]) {
    const response = await fetch(`${url}/v1/campaigns`, {
      headers: authorization === undefined ? {} : { authorization },
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.json()).toMatchObject({ code: 'unauthorized', status: 401 })
  }
})

/** Sends a head and two bytes of a body of a thousand, and then nothing; resolves to what came back until the end. */
async function beginBody(head: string, headers: Record<string, string> = {}): Promise<string> {
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1')
  const lines = Object.entries({ host: 'x', 'content-length': '1000', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.write(`${head} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n{ `)
  return text(socket)
}
const json = { 'content-type': 'application/json' }

test('who has no token, or asks for no known path, is refused before the body came, and cut off', async () => {
  expect(await beginBody('POST /v1/campaigns', json)).toMatch(/^HTTP\/1\.1 401 [^]*connection: close/)
  expect(await beginBody('POST /v1/nothing', json)).toMatch(/^HTTP\/1\.1 404 [^]*connection: close/)
})

test('a body that never ends is ended, with a token and without, where it is read and where it is not', async () => {
  expect(await beginBody('POST /v1/campaigns', { ...json, ...bearer })).toContain('HTTP/1.1 408')
  expect(await beginBody('GET /v1/openapi.json')).toContain('HTTP/1.1 200')
})

test('an upload may be slow, but not stand still', async () => {
  const artifact = artifactOf(ids.artifact())
  const stop = await services.serve(artifactGet, async (batch) => batch.map(() => answered(artifact)))
  const upload = `PUT /v1/artifacts/${artifact.artifactId}/content`
  expect(await beginBody(upload, { ...bearer, 'content-type': 'application/octet-stream' })).toContain('HTTP/1.1 408')

  intake.status = 201
  const slow = async function* () {
    for (let sent = 0; sent < 8; sent++) {
      await systemClock.sleep(250)
      yield Buffer.alloc(10, sent)
    }
  }
  const headers = { ...bearer, 'content-type': 'application/octet-stream' }
  const request = { method: 'PUT', headers, body: slow(), duplex: 'half' } as unknown as RequestInit
  expect((await fetch(`${url}/v1/artifacts/${artifact.artifactId}/content`, request)).status).toBe(202)
  expect(intake.received.length).toBe(80)
  await stop()
})

test('a service that does not answer is 503 with Retry-After, not an empty list', async () => {
  const response = await fetch(`${url}/v1/trust-keys`, { headers: bearer })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).not.toBeNull()
})

test('the code of a refusal on the bus becomes its HTTP status', async () => {
  const stop = await services.serve(campaignControl, async (batch) =>
    batch.map(() => refused('campaign_state', 'the campaign is aborted')),
  )
  const campaignId = ids.campaign()
  const error: unknown = await client()
    .call('startCampaign', { params: { campaignId }, body: {} })
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ClientError)
  expect((error as ClientError).problem).toMatchObject({ status: 409, code: 'campaign_state' })
  await stop()
})

test('the actor is who the token belongs to, whatever the body says', async () => {
  const actors: string[] = []
  const stop = await services.serve(campaignControl, async (batch) => {
    actors.push(...batch.map(({ input }) => input.actor))
    return batch.map(() => refused('not_found', 'none'))
  })
  await client()
    .call('abortCampaign', { params: { campaignId: ids.campaign() }, body: {} })
    .catch(() => undefined)
  const smuggled = await fetch(`${url}/v1/campaigns/${ids.campaign()}/abort`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: JSON.stringify({ actor: 'operator:root' }),
  })
  const stopImport = await services.serve(deviceImport, async (batch) => {
    actors.push(...batch.map(({ input }) => input.actor))
    return batch.map(() => answered({ created: 1, updated: 0 }))
  })
  const items = [{ oui: '00D09E', productClass: 'A', serialNumber: '1' }]
  await client().call('importDevices', { body: { items } })
  await stopImport()
  expect(actors).toEqual(['operator:ann', 'operator:ann'])
  expect(smuggled.status).toBe(400)
  await stop()
})

test('input that does not fit is refused before it reaches a service', async () => {
  const post = (path: string, body: string, type = 'application/json') =>
    fetch(url + path, { method: 'POST', headers: { ...bearer, 'content-type': type }, body })
  const cases = [
    fetch(`${url}/v1/campaigns?limit=0`, { headers: bearer }),
    fetch(`${url}/v1/campaigns?limit=ten`, { headers: bearer }),
    fetch(`${url}/v1/campaigns?nope=1`, { headers: bearer }),
    fetch(`${url}/v1/campaigns/cmp_..%2F..%2Fetc`, { headers: bearer }),
    post('/v1/campaigns', '{"name":'),
    post('/v1/campaigns', '{"name":"x","internal":true}'),
    post('/v1/campaigns', 'name=x', 'application/x-www-form-urlencoded'),
  ]
  for (const response of await Promise.all(cases)) {
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid_request' })
  }
  const large = await post('/v1/campaigns', `{"name":"${'x'.repeat(1_100_000)}"}`)
  expect(large.status).toBe(413)
})

test('query parameters reach the service as what they are', async () => {
  let input: unknown
  const stop = await services.serve(campaignList, async (batch) => {
    input = batch[0]?.input
    return [answered({ items: [], next: null })]
  })
  expect(await client().call('listCampaigns', { query: { limit: 7, cursor: 'c' } })).toEqual({ items: [], next: null })
  expect(input).toEqual({ limit: 7, cursor: 'c' })
  await stop()
})

test('a device is looked up by its readable name, slashes and all', async () => {
  const asked: string[] = []
  const stops = [
    await services.serve(deviceGet, async (batch) => {
      asked.push(...batch.map(({ input }) => input.device))
      return batch.map(() => refused('not_found', 'there is no such device'))
    }),
    await services.serve(upgradeList, async (batch) => batch.map(() => answered({ items: [], next: null }))),
  ]
  const error: unknown = await client()
    .call('getDeviceUpgrades', { params: { device: '00D09E-R%2FG-1' } })
    .catch((thrown: unknown) => thrown)
  expect((error as ClientError).problem?.code).toBe('not_found')
  expect(asked).toEqual(['00D09E-R%2FG-1'])
  for (const stop of stops) await stop()
})

test('an upload is streamed to the intake, with the intake’s own token', async () => {
  const artifact = artifactOf(ids.artifact())
  const stop = await services.serve(artifactGet, async (batch) => batch.map(() => answered(artifact)))
  intake.status = 201
  const bytes = Buffer.alloc(300_000, 7)
  expect(await client().upload(artifact.artifactId, bytes)).toEqual(artifact)
  expect(intake.received.equals(bytes)).toBe(true)
  expect(intake.authorization).toBe(`Bearer ${intakeToken}`)

  // Longer than a body may stand still: it is all there.
  intake.thinksMs = 1_500
  expect(await client().upload(artifact.artifactId, bytes)).toEqual(artifact)
  intake.thinksMs = 0

  intake.status = 409
  const error: unknown = await client()
    .upload(artifact.artifactId, bytes)
    .catch((thrown: unknown) => thrown)
  expect((error as ClientError).problem).toMatchObject({ code: 'conflict', detail: 'content is there already' })
  await stop()
})

test('listeners hear the campaign they asked for, and nothing is left when they go', async () => {
  const campaignId = ids.campaign()
  const stop = new AbortController()
  const heard: unknown[] = []
  const listening = (async () => {
    for await (const event of client().events({ campaignId }, stop.signal)) {
      heard.push(JSON.parse(event.data))
      stop.abort()
    }
  })().catch(() => undefined)
  const change = (id: string) => ({
    upgradeId: ids.upgrade(),
    campaignId: id,
    deviceKey: `dev_${'a'.repeat(26)}`,
    wave: 1,
    from: 'pending',
    to: 'offered',
    reason: null,
    at: '2026-01-01T00:00:00.000Z',
    seq: 1,
  })
  const repeat = setInterval(() => {
    for (const id of [ids.campaign(), campaignId]) {
      services.announce(upgradeChanged, [{ id: ids.event(), key: id, data: { items: [change(id)] } }])
    }
  }, 20)
  await listening
  clearInterval(repeat)
  expect(heard).toMatchObject([{ campaignId, to: 'offered' }])
})

test('the OpenAPI document needs no token and names every operation', async () => {
  const document = (await (await fetch(`${url}/v1/openapi.json`)).json()) as { paths: Record<string, object> }
  expect(Object.keys(document.paths)).toContain('/v1/campaigns/{campaignId}/start')
})

function artifactOf(artifactId: string): Artifact {
  return {
    artifactId,
    name: 'image',
    fits: [],
    version: '2',
    softwareVersions: ['2'],
    format: 'raw',
    status: 'quarantined',
    size: 1,
    sha256: null,
    hosting: 'file_server',
    sourceUrl: null,
    import: null,
    origin: null,
    verdict: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    createdBy: 'operator:ann',
  }
}
