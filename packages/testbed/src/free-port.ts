import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Below the ports that systems give to outgoing connections (from 32768 on Linux): nobody gets one of these by accident. */
const FROM = 15_000
const BELOW = 32_000

/** One file for each port that somebody was given lately: other processes of the same run look for free ports, too. */
const marks = join(tmpdir(), 'sluice-ports')
/** As long as it takes the slowest to listen on what it was given. */
const KEPT_MS = 120_000

/** A loopback port that nobody listens on, and that nobody else who asks here is given for two minutes. */
export async function freePort(): Promise<number> {
  mkdirSync(marks, { recursive: true })
  for (;;) {
    const port = randomInt(FROM, BELOW)
    if (mark(join(marks, String(port))) && (await isFree(port))) return port
  }
}

function mark(file: string): boolean {
  try {
    if (Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > KEPT_MS) rmSync(file)
    closeSync(openSync(file, 'wx'))
    return true
  } catch {
    return false
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  probe.listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch {
    return false
  }
  probe.close()
  await once(probe, 'close')
  return true
}
