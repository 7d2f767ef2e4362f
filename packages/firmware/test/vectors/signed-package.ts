import { createHash } from 'node:crypto'
import type { Vector } from '../look-at-image.ts'
import { anchor, AUTHORITY, CODE_SIGNER, issue, type Workshop } from '../pki.ts'

export function u32(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  numbers.forEach((number, at) => bytes.writeUInt32BE(number, 4 * at))
  return bytes
}

/** A command as TR-069 table 95 lays it out. */
export function command(type: number, value: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([u32(type, value.length), value])
}

/** The value of an extract or add command (TR-069 table 97). */
export function fileValue({
  path,
  content,
  offset,
  flags = 0,
  sha1 = createHash('sha1').update(content).digest(),
}: {
  path: string
  content: Uint8Array
  offset: number
  flags?: number
  sha1?: Uint8Array
}): Buffer {
  const pathLength = Buffer.byteLength(path)
  const numbers = u32(flags, 32, pathLength, 1, 32 + pathLength, 20, offset, content.length)
  return Buffer.concat([numbers, Buffer.from(path), sha1])
}

export function moveValue(from: string, to: string): Buffer {
  return Buffer.concat([u32(0, 20, from.length, 20 + from.length, to.length), Buffer.from(from), Buffer.from(to)])
}

export function removeValue(path: string): Buffer {
  return Buffer.concat([u32(0, 12, path.length), Buffer.from(path)])
}

/** Header and command list: what is signed (TR-069 E.5). */
export function packageHead(list: Uint8Array, payloadLength: number, { major = 1, minor = 0 } = {}): Buffer {
  return Buffer.concat([Buffer.from('2WIRE_SP'), u32(major, minor, list.length, payloadLength), list])
}

export const KERNEL = Buffer.from('a kernel, as bytes go')
export const PAGES = Buffer.from('<h1>pages</h1>')

export const COMMANDS = [
  command(10, Buffer.from('2.1.0')),
  command(11, Buffer.from('a release\nof two files')),
  command(20, u32(1)),
  command(18, u32(1, 0)),
  command(19, u32(2, 0, 9)),
  command(14, u32(600)),
  command(22, u32(1_000_000)),
  command(25, u32(0xff_00_1a_2b, 7, 1, 2)),
  command(7, removeValue('/www')),
  command(1, fileValue({ path: '/boot/kernel', content: KERNEL, offset: 0, flags: 1 })),
  command(4, fileValue({ path: '/www/pages.001', content: PAGES, offset: KERNEL.length + 3 })),
  command(9, moveValue('/etc/a.001', '/etc/b.001')),
  command(1_000, Buffer.from('of a vendor')),
  command(16),
  command(0),
]

/** Two files with three bytes between them that no command names. */
export const PAYLOAD = Buffer.concat([KERNEL, Buffer.alloc(3), PAGES])

export function makePackageSigner(workshop: Workshop): void {
  issue(workshop, { name: 'vendor-root', kind: 'rsa', extensions: AUTHORITY })
  issue(workshop, {
    name: 'package-signer',
    kind: 'rsa',
    issuer: 'vendor-root',
    extensions: CODE_SIGNER,
    digest: 'sha1',
  })
}

/** As Annex E has it: RSA over SHA-1, detached. `openssl smime` signs attributes unless told otherwise. */
export function signPackage(workshop: Workshop, head: Uint8Array, more: readonly string[] = []): Buffer {
  const signer = ['-signer', 'package-signer.crt', '-inkey', 'package-signer.key']
  return workshop.run(
    'openssl',
    ['smime', '-sign', '-binary', '-md', 'sha1', '-outform', 'DER', '-nosmimecap', ...signer, ...more],
    head,
  )
}

/** A package of all kinds of commands by a writer of ours, signed by openssl. */
export function signedPackageVector(workshop: Workshop): Vector {
  makePackageSigner(workshop)
  const head = packageHead(Buffer.concat(COMMANDS), PAYLOAD.length)
  const bytes = Uint8Array.from(Buffer.concat([head, signPackage(workshop, head), PAYLOAD]))
  return {
    name: 'TR-069 Annex E package',
    format: 'tr069_signed_package',
    bytes,
    keys: [anchor(workshop, 'vendor-root')],
    now: Date.now(),
  }
}
