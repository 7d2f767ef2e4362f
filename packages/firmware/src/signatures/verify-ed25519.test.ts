import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, read, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { missingTools, publicKey } from '../../test/tools.ts'
import { startSignatureChecks } from './check-signatures.ts'

const IMAGE = Buffer.from('an image, as bytes go')
const absent = missingTools('mkfifo')

it.skipIf(absent.length > 0)(`an image waits for no read that hangs elsewhere ${absent.join()}`, async () => {
  const pair = generateKeyPairSync('ed25519')
  const key = publicKey(pair.publicKey.export({ format: 'pem', type: 'spki' }).toString())
  const value = sign(null, IMAGE, pair.privateKey).toString('base64')
  const checks = startSignatureChecks([{ algorithm: 'ed25519', value }], [key])
  checks.update(IMAGE)
  await whileReadsHang(async () => {
    // What needs no thread of a pool is there before the event loop goes on.
    expect(await Promise.race([checks.finish(), setImmediate('it waits')])).toEqual([
      { algorithm: 'ed25519', outcome: { kind: 'verified', keyId: key.keyId } },
    ])
  })
})

/** The most threads that libuv lets a pool have (docs.libuv.org, "Thread pool work scheduling"). */
const READS = 1_024

/** Reads of a pipe into which nobody has written yet: one for each thread of the pool. */
async function whileReadsHang(act: () => Promise<void>): Promise<void> {
  const pipe = openPipe()
  const reads = Array.from({ length: READS }, () => promisify(read)(pipe, Buffer.alloc(1), 0, 1, null))
  try {
    await act()
  } finally {
    writeSync(pipe, Buffer.alloc(READS))
    await Promise.all(reads)
    closeSync(pipe)
  }
}

/** For reading and writing: neither end waits for the other to be opened. */
function openPipe(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pipe-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const pipe = openSync(path, 'r+')
  rmSync(folder, { recursive: true })
  return pipe
}
