import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { plainFileServer } from './plain-file-server.ts'

test('serves whole files below its directory, counts, and nothing outside', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-files-'))
  mkdirSync(join(directory, 'public'))
  writeFileSync(join(directory, 'public', 'image.bin'), Buffer.alloc(100_000, 7))
  writeFileSync(join(directory, 'secret'), 'secret')
  const server = await plainFileServer(join(directory, 'public'))

  const answer = await fetch(`${server.url}/image.bin`, { headers: { range: 'bytes=0-9' } })
  expect(answer.status).toBe(200)
  expect((await answer.bytes()).length).toBe(100_000)
  expect((await fetch(`${server.url}/image.bin`, { method: 'HEAD' })).headers.get('content-length')).toBe('100000')
  expect((await fetch(`${server.url}/none`)).status).toBe(404)
  expect(await rawGet(server.port, '/../secret')).toContain('404')
  expect(await rawGet(server.port, '/%2e%2e/secret')).toContain('404')
  expect(await rawGet(server.port, '/..%2fsecret')).toContain('404')
  expect(server.counters()['/image.bin']).toEqual({ requests: 2, bytes: 100_000 })

  await server.close()
  rmSync(directory, { recursive: true })
})

async function rawGet(port: number, path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  return Buffer.concat((await socket.toArray()) as Buffer[]).toString()
}
