import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startRawSource, writeForEver } from '../testing/raw-source.ts'
import { sha256Of, startResolverWorld, type ResolverWorld } from '../testing/resolver-world.ts'
import { signatureOf, startS3Server, type S3Server } from '../testing/s3-server.ts'
import { fetchS3, type S3Store } from './fetch-s3.ts'
import { parseS3Source } from './s3-source.ts'

const ACCOUNT = {
  region: 'eu-central-1',
  accessKeyId: 'AKIDSLUICE0001',
  secretAccessKey: 'very+secret/key-of-the-store',
}
const IMAGE = Buffer.from('firmware 2.0 of the store')
const OLDER = Buffer.from('firmware 1.9 of the store')
const ODD_KEY = "firm ware/ü+(2.0)*!'~ %41&=?.bin"

let store: S3Server
let world: ResolverWorld
let s3: S3Store
beforeAll(async () => {
  store = await startS3Server(ACCOUNT)
  store.put('vendor-images', 'router/fw.bin', OLDER, 'v1')
  store.put('vendor-images', 'router/fw.bin', IMAGE, 'v2')
  store.put('vendor-images', ODD_KEY, IMAGE)
  s3 = { ...ACCOUNT, endpoint: store.endpoint }
  world = await startResolverWorld({ s3 })
})
afterAll(async () => {
  await world.close()
  await store.close()
})

const fetchFrom = (source: string, from: S3Store = s3) => {
  const parsed = parseS3Source(source)
  if (parsed.kind !== 's3') throw new Error(parsed.detail)
  return fetchS3(parsed, from, { maxBytes: 1_000, idleMs: 30_000, signal: new AbortController().signal })
}

it('signs as the example that AWS publishes', () => {
  // Amazon S3 API Reference, "Examples: Signature Calculations in AWS Signature Version 4": GET Object.
  const headers = {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'x-amz-date': '20130524T000000Z',
  }
  const account = {
    region: 'us-east-1',
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }
  const request = { method: 'GET', target: '/test.txt', headers, signedHeaders: Object.keys(headers) }
  expect(signatureOf(request, account)).toBe('f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')
})

it('fetches the current version of an object, a named one, and one whose key needs every kind of escape', async () => {
  const bytesOf = async (source: string) => {
    const opened = await fetchFrom(source)
    return opened.kind === 'open' ? buffer(opened.body) : opened.detail
  }
  expect(await bytesOf('s3://vendor-images/router/fw.bin')).toEqual(IMAGE)
  expect(await bytesOf('s3://vendor-images/router/fw.bin?versionId=v1')).toEqual(OLDER)
  expect(await bytesOf(`s3://vendor-images/${ODD_KEY.split('/').map(encodeURIComponent).join('/')}`)).toEqual(IMAGE)
})

it.each([
  ['a wrong secret', { secretAccessKey: 'another secret' }, 'answered 403 SignatureDoesNotMatch'],
  ['a key nobody knows', { accessKeyId: 'AKIDNOBODY' }, 'answered 403 InvalidAccessKeyId'],
  ['a wrong region', { region: 'us-west-2' }, 'answered 403 AuthorizationHeaderMalformed'],
])('says why the store refuses %s', async (_, wrong, why) => {
  const found = await fetchFrom('s3://vendor-images/router/fw.bin', { ...s3, ...wrong })
  expect(found).toMatchObject({ kind: 'refused', detail: expect.stringContaining(why) })
})

it('says that an object, or its version, is not there', async () => {
  for (const [source, why] of [
    ['s3://vendor-images/none', 'answered 404 NoSuchKey'],
    ['s3://vendor-images/router/fw.bin?versionId=v9', 'answered 404 NoSuchVersion'],
  ] as const) {
    expect(await fetchFrom(source)).toMatchObject({ kind: 'refused', detail: expect.stringContaining(why) })
  }
})

it.each([
  's3://',
  's3://bucket',
  's3://bucket/',
  's3://Bucket/key',
  's3://bu/key',
  's3://a..b/key',
  's3://user:pw@bucket/key',
  's3://bucket/../other/key',
  's3://bucket/a/%2e%2e/%2E%2E/other/key',
  's3://bucket/a%2f..%2f..%2fother/key',
  's3://bucket//key',
  's3://bucket/a/./key',
  's3://bucket/key%',
  's3://bucket/key%0d%0aX: y',
  's3://bucket/key%0d%0a',
  's3://bucket/key#part',
  's3://bucket/key?versionId=',
  's3://bucket/key?versionId=a&acl',
  's3://bucket/key?acl',
  `s3://bucket/${'k'.repeat(1_025)}`,
])('takes no %j for an object', (source) => expect(parseS3Source(source).kind).toBe('refused'))

it('follows no redirect of a store, which would get our signature, and reads little of its refusals', async () => {
  const other = await startRawSource((socket) => socket.end())
  const wrong = await startRawSource((socket) => {
    socket.write(`HTTP/1.1 301 Moved\r\nLocation: ${other.url}/\r\n\r\n<Error><Code>PermanentRedirect</Code>`)
    writeForEver(socket, 'x'.repeat(65_536))
  })
  const found = await fetchFrom('s3://vendor-images/fw', { ...s3, endpoint: wrong.url })
  expect(found).toEqual({ kind: 'refused', detail: `127.0.0.1:${wrong.port} answered 301 PermanentRedirect` })
  expect(other.connections()).toBe(0)
  expect(wrong.written()).toBeLessThan(16 * 1024 * 1024)
  await wrong.close()
  await other.close()
})

it('brings an image in from the store, and the secret stays where it is', async () => {
  const artifactId = await world.create({ sourceUrl: 's3://vendor-images/router/fw.bin?versionId=v1' })
  const artifact = await world.becomes(artifactId, 'quarantined')
  expect(artifact).toMatchObject({
    size: OLDER.length,
    sha256: sha256Of(OLDER),
    import: { state: 'fetched', attempts: 1 },
  })
  const gone = await world.create({ sourceUrl: 's3://vendor-images/none' })
  expect((await world.becomes(gone, 'rejected')).verdict?.reasons).toEqual([
    { code: 'source_refused', detail: `127.0.0.1:${store.port} answered 404 NoSuchKey` },
  ])
  const journal = await world.sql.query(`select * from resolver.journal`)
  const said = world.logged() + JSON.stringify([journal, artifact, world.registered])
  expect(said).toContain(artifactId)
  for (const secret of [ACCOUNT.secretAccessKey, ACCOUNT.accessKeyId, 'Signature=']) expect(said).not.toContain(secret)
  expect(store.requests().join()).not.toContain('X-Amz-Signature')
})

it('request 11: sends no device to the store', async () => {
  const draft = { sourceUrl: 's3://vendor-images/router/fw.bin', hosting: 'origin' as const }
  await expect(world.create(draft)).rejects.toThrow('invalid_request: no device fetches from s3')
})
