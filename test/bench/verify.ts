import { execFileSync } from 'node:child_process'
import { createSign, generateKeyPairSync, randomFillSync, verify, type KeyObject } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createExaminer, type Examiner } from '@sluice/firmware-verifier'
import { openDirectoryImageStore } from '@sluice/image-store'
import { createIds, systemClock } from '@sluice/runtime'
import { keep, print, table } from './campaigns/figures.ts'
import { readNumbers } from './campaigns/read-numbers.ts'

const SIZES = {
  megabytes: { usual: 64, most: 2_000, what: 'of the image' },
  rounds: { usual: 5, most: 100, what: 'how often all of it is done' },
}

const MEBIBYTE = 1_048_576
/** Signatures are checked as the bytes go by: no more than this is held of an image, however long it is. */
const MOST_HELD_MB = 96
/** What a signature costs by itself is measured over bytes that lie in memory: up to this many. */
const IN_MEMORY_MB = 256

interface Signer {
  readonly algorithm: 'ecdsa_p256_sha256' | 'rsa_pkcs1_sha256' | 'ed25519'
  readonly hash: 'sha256' | null
  readonly pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
}

interface Figures {
  readonly algorithm: string
  /** CPU seconds. */
  readonly sha256sum: number
  readonly signature: number | null
  readonly examined: number
  readonly heldMb: number
}

/**
 * What it costs to look at an image as the verifier does: CPU, with `sha256sum` of the same file and the signature alone
 * in the same run, and memory. Fails when an image is held.
 */
export async function benchVerify(args: readonly string[]): Promise<void> {
  const told = readNumbers('verify', SIZES, args, [])
  if (told === null) return
  const { megabytes, rounds } = told.sizes
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-verify-'))
  const images = await openDirectoryImageStore(folder)
  const examiner = createExaminer(images, systemClock, { deadlineMs: 3_600_000, memoryMb: 128 })
  // The thread and the timers of the examiner keep no process alive.
  const awake = setInterval(() => undefined, 1_000)
  try {
    const artifactId = createIds().artifact()
    await images.quarantine(artifactId, blocks(megabytes), { maxBytes: Infinity })
    const path = join(folder, 'quarantine', artifactId)
    const figures: Figures[] = []
    for (const signer of signers()) {
      const ask = asking(examiner, artifactId, signer, path)
      await ask()
      for (let round = 0; round < rounds; round += 1) figures.push(await measure(signer, path, megabytes, ask))
    }
    print(`Node ${process.version}; an image of ${megabytes} MiB, the least of ${rounds} rounds each:\n`)
    print(tableOf(figures))
    keep(told.json, figures)
    if (megabytes <= MOST_HELD_MB)
      print(`\nWhether an image is held shows in one of more than ${MOST_HELD_MB} MiB alone.`)
    const held = figures.filter(({ heldMb }) => heldMb > MOST_HELD_MB)
    if (held.length > 0) throw new Error(`an image was held: ${held[0]!.heldMb.toFixed(0)} MB of ${megabytes}`)
  } finally {
    clearInterval(awake)
    await examiner.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(signer: Signer, path: string, megabytes: number, ask: () => Promise<void>): Promise<Figures> {
  const watched = watchMemory()
  const before = process.cpuUsage()
  await ask()
  const examined = secondsOf(process.cpuUsage(before))
  const heldMb = watched.stop()
  return {
    algorithm: signer.algorithm,
    sha256sum: cpuOfSha256sum(path),
    signature: megabytes <= IN_MEMORY_MB ? cpuOfSignature(signer, path) : null,
    examined,
    heldMb,
  }
}

/** Looks at the image, and makes sure that the signature was found good. */
function asking(examiner: Examiner, artifactId: string, signer: Signer, path: string): () => Promise<void> {
  const { algorithm, pair } = signer
  const signatures = [{ algorithm, value: signed(signer, path).toString('base64') }]
  const keys = [pair.publicKey.export({ format: 'pem', type: 'spki' }).toString()]
  return async () => {
    const found = await examiner.examine(artifactId, { declaredFormat: null, signatures, keys, now: Date.now() })
    const outcome = found.kind === 'examined' ? found.findings.detached[0]?.outcome.kind : found.kind
    if (outcome !== 'verified') throw new Error(`the signature was not verified: ${outcome}`)
  }
}

function signers(): Signer[] {
  return [
    { algorithm: 'ecdsa_p256_sha256', hash: 'sha256', pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
    { algorithm: 'rsa_pkcs1_sha256', hash: 'sha256', pair: generateKeyPairSync('rsa', { modulusLength: 3_072 }) },
    { algorithm: 'ed25519', hash: null, pair: generateKeyPairSync('ed25519') },
  ]
}

function signed({ hash, pair }: Signer, path: string): Buffer {
  if (hash === null) return signedWhole(pair.privateKey, path)
  const signing = createSign(hash)
  for (const piece of piecesOf(path)) signing.update(piece)
  return signing.sign(pair.privateKey)
}

/** Ed25519 is signed by a process of its own, which has to hold the image: this one's memory is looked at. */
function signedWhole(key: KeyObject, path: string): Buffer {
  const pem = key.export({ format: 'pem', type: 'pkcs8' })
  const script = `
    const { readFileSync } = require('node:fs')
    process.stdout.write(require('node:crypto').sign(null, readFileSync(process.argv[1]), readFileSync(0)))`
  return execFileSync(process.execPath, ['-e', script, path], { input: pem })
}

/** Piece by piece, so that nothing of it is held when memory is looked at. */
function* piecesOf(path: string): Generator<Buffer> {
  const file = openSync(path, 'r')
  try {
    const piece = Buffer.alloc(MEBIBYTE)
    for (;;) {
      const length = readSync(file, piece)
      if (length === 0) return
      yield piece.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}

async function* blocks(megabytes: number): AsyncGenerator<Uint8Array> {
  const block = randomFillSync(Buffer.alloc(MEBIBYTE))
  for (let index = 0; index < megabytes; index += 1) {
    block.writeUInt32BE(index)
    yield Buffer.from(block)
  }
}

/** Of the signature by itself, over bytes that lie in memory. */
function cpuOfSignature(signer: Signer, path: string): number {
  const image = readFileSync(path)
  const signature = signed(signer, path)
  const before = process.cpuUsage()
  const good = verify(signer.hash, image, signer.pair.publicKey, signature)
  const seconds = secondsOf(process.cpuUsage(before))
  if (!good) throw new Error('a signature of our own does not hold')
  return seconds
}

/** User and system time of `sha256sum`, by the shell that waits for it. */
function cpuOfSha256sum(path: string): number {
  const script = 'TIMEFORMAT="%U %S"; time sha256sum "$1"'
  const output = execFileSync('bash', ['-c', `{ ${script}; } 2>&1`, 'bash', path]).toString()
  const [, times = ''] = output.trim().split('\n')
  return times.split(' ').reduce((sum, text) => sum + Number(text), 0)
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6
}

/** How far the memory of this process grew, with all its threads. */
function watchMemory() {
  const before = process.memoryUsage.rss()
  let most = before
  const look = () => (most = Math.max(most, process.memoryUsage.rss()))
  const timer = setInterval(look, 10)
  return {
    stop: () => {
      clearInterval(timer)
      look()
      return (most - before) / 1e6
    },
  }
}

function tableOf(figures: readonly Figures[]): string {
  const lines = [...Map.groupBy(figures, ({ algorithm }) => algorithm)].map(([algorithm, rounds]) => {
    const least = (of: (one: Figures) => number) => Math.min(...rounds.map(of))
    const [sum, examined] = [least((one) => one.sha256sum), least((one) => one.examined)]
    const signature = rounds[0]!.signature === null ? null : least((one) => one.signature!)
    return [
      algorithm,
      sum.toFixed(3),
      signature?.toFixed(3) ?? '-',
      examined.toFixed(3),
      signature === null ? '-' : (2 * sum + signature).toFixed(3),
      (examined / sum).toFixed(2),
      Math.max(...rounds.map(({ heldMb }) => heldMb)).toFixed(0),
    ]
  })
  const head = ['signature', 'sha256sum', 'signature alone', 'examined', 'due', 'x sha256sum', 'MB more']
  return table(head, lines)
}
