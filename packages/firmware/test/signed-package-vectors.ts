import { createHash } from 'node:crypto'
import type { Vector } from './look-at-image.ts'
import { anchor, AUTHORITY, bareKey, issue } from './pki.ts'
import { inWorkshop, type Workshop } from './tools.ts'

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

/** An authority by SHA-1, as those were when Annex E was written, and a signer of packages. */
function makePackageSigner(workshop: Workshop): void {
  issue(workshop, 'vendor-root', { kind: 'rsa', extensions: AUTHORITY })
  issue(workshop, 'package-signer', { kind: 'rsa', issuer: 'vendor-root', digest: 'sha1' })
}

/** As Annex E has it: RSA over SHA-1, detached. `openssl smime` signs attributes unless told otherwise. */
function signPackage(workshop: Workshop, head: Uint8Array, ...more: readonly string[]): Buffer {
  workshop.write('head.bin', head)
  const signer = ['-signer', 'package-signer.crt', '-inkey', 'package-signer.key']
  return workshop.run(
    'openssl',
    'smime',
    '-sign',
    '-binary',
    '-md',
    'sha1',
    '-outform',
    'DER',
    '-nosmimecap',
    '-in',
    'head.bin',
    ...signer,
    ...more,
  )
}

/** A package with commands of all kinds by a writer of ours, signed by openssl. */
export function signedPackages(): Vector[] {
  return inWorkshop((workshop) => {
    makePackageSigner(workshop)
    const head = packageHead(Buffer.concat(COMMANDS), PAYLOAD.length)
    const signed = (...options: readonly string[]) =>
      Uint8Array.from(Buffer.concat([head, signPackage(workshop, head, ...options), PAYLOAD]))
    const known = { format: 'tr069_signed_package', now: Date.now() } as const
    return [
      { name: 'package, with attributes', bytes: signed(), keys: [anchor(workshop, 'vendor-root')], ...known },
      {
        name: 'package, without attributes',
        bytes: signed('-noattr'),
        keys: [bareKey(workshop, 'package-signer')],
        ...known,
      },
    ]
  })
}
