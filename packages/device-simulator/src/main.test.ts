import { execFile, spawn } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { downloadCall, startScriptedAcs, type ScriptedAcs } from '../test/scripted-acs.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
const at = (name: string): string => join(folder, name)
const run = (...args: string[]): Promise<{ stdout: string }> => promisify(execFile)(process.execPath, [main, ...args])

let acs: ScriptedAcs
beforeAll(async () => {
  acs = await startScriptedAcs()
})
afterAll(async () => {
  await acs.close()
  rmSync(folder, { recursive: true })
})

describe('the command line', () => {
  it('builds an image and a detached signature that holds for the public key beside it', async () => {
    const { stdout } = await run(
      'image',
      '--version',
      '2.0.0',
      '--size',
      '64k',
      '--key',
      at('key.pem'),
      '--out',
      at('fw.bin'),
    )
    const image = readFileSync(at('fw.bin'))
    expect(image).toHaveLength(65_536)
    expect(stdout).toContain('sha256')
    expect(verify(null, image, createPublicKey(readFileSync(at('key.pem.pub'))), readFileSync(at('fw.bin.sig')))).toBe(
      true,
    )
    expect(statSync(at('key.pem')).mode & 0o777).toBe(0o600)
  })

  it('runs a fleet with that vendor key, records it, and ends with a summary', async () => {
    await run('image', '--version', '3.0.0', '--key', at('key.pem'), '--out', at('next.bin'))
    const url = acs.serve('/next.bin', readFileSync(at('next.bin')))
    for (const serial of ['LAB000001', 'LAB000002', 'LAB000003']) acs.ask(serial, downloadCall('key', url))
    const options = {
      acs: acs.url,
      devices: '3',
      'serial-prefix': 'LAB',
      'vendor-key': at('key.pem.pub'),
      fault: 'refusesImage=1',
      reboot: '20ms',
      flash: '1ms',
      'start-spread': '10ms',
      record: at('fleet.jsonl'),
      'credentials-out': at('devices.jsonl'),
      'states-out': at('states.jsonl'),
    }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    const child = spawn(process.execPath, [main, ...args])
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await acs.seen((posts) => posts.filter(({ name }) => name === 'TransferComplete').length === 3)
    child.kill('SIGTERM')
    const [code] = (await once(child, 'exit')) as [number | null]
    expect(code).toBe(0)
    expect(output).toContain('1  refused on 1.0.0')
    expect(output).toContain('2  running_new on 3.0.0')
    expect(readFileSync(at('devices.jsonl'), 'utf8').trim().split('\n')).toHaveLength(3)
    expect(readFileSync(at('states.jsonl'), 'utf8')).toContain('"version":"3.0.0"')
    expect(readFileSync(at('fleet.jsonl'), 'utf8')).toContain('"what":"image_refused"')
  })

  it('obeys orders on standard input, and says what it does not understand', async () => {
    const args = [
      '--acs',
      acs.url,
      '--devices',
      '1',
      '--serial-prefix',
      'OBEY',
      '--orders',
      '--fault',
      'cookieStyle:quoted=1',
    ]
    const child = spawn(process.execPath, [main, ...args])
    let complaints = ''
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
    const heard = (name: string): Promise<unknown> => acs.seen((posts) => posts.some((post) => post.name === name))
    await acs.seen((posts) => posts.some(({ body }) => body.includes('OBEY000001')))
    child.stdin.write(
      'OBEY000001 send RequestDownload\nnobody inform\nall dance\nall send {"call":"Kicked","next":"/n"}\n',
    )
    await heard('RequestDownload')
    await heard('Kicked')
    child.kill('SIGTERM')
    await once(child, 'exit')
    expect(complaints).toContain('there is no device "nobody"')
    expect(complaints).toContain('"dance" is no order')
    expect(acs.posts.some(({ headers }) => headers.cookie?.includes('="'))).toBe(true)
  })

  it.each([
    [['--acs', 'nowhere']],
    [['--acs', 'http://127.0.0.1:9/', '--fault', 'isLazy=1']],
    [['--acs', 'http://127.0.0.1:9/', '--inform-every', 'often']],
    [['--acs', 'http://127.0.0.1:9/', '--bootstrap', 'nobody']],
    [['--nonsense']],
    [['image', '--version', '1']],
  ])('says what is wrong with %j', async (args) => {
    await expect(run(...args)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('See --help') as string,
    })
  })

  it('explains itself', async () => {
    const { stdout } = await run('--help')
    expect(stdout).toContain('--credentials-out')
    expect(stdout).toContain('fallsBackUnseen')
  })
})
