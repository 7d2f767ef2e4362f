import { createHash } from 'node:crypto'
import type { Vector } from './look-at-image.ts'
import { anchor, AUTHORITY, bareKey, issue, signCms } from './pki.ts'
import { inWorkshop, type Workshop } from './tools.ts'

export const FILES: Readonly<Record<string, Buffer>> = {
  'rootfs.img': Buffer.from('a root file system'),
  'after.lua': Buffer.from('-- a script'),
}

const sha256 = (name: string) => createHash('sha256').update(FILES[name]!).digest('hex')

/** As the documentation of SWUpdate writes them. */
export const LIBCONFIG = `software =
{
  version = "2.1.0"; # of this release
  description = "a " "release";
  hardware-compatibility: [ "revC", "#RE:^1\\\\.[023]$" ];
  reboot = true;
  /* two copies of one file */
  board = {
    copy-1 : { images: ( { filename = "rootfs.img"; device = "/dev/mmcblk0p2"; sha256 = "${sha256('rootfs.img')}"; size = 0x10L } ); };
    copy-2 = { images = ( { filename = "rootfs.img", device = "/dev/mmcblk0p3", sha256 = "${sha256('rootfs.img')}" } ) }
  };
  scripts: ( { filename = "after.lua"; type = "lua"; sha256 = "${sha256('after.lua')}"; } );
}
`

export const JSON_CONFIG = JSON.stringify({
  software: {
    version: '2.1.0',
    'hardware-compatibility': ['revC'],
    images: [{ filename: 'rootfs.img', sha256: sha256('rootfs.img') }],
    scripts: [{ filename: 'after.lua', sha256: sha256('after.lua') }],
  },
})

/** An archive by GNU cpio, of members that lie in the workshop. */
export function cpio(workshop: Workshop, names: readonly string[], format: 'newc' | 'crc'): Buffer {
  workshop.write('names', names.map((name) => `${name}\n`).join(''))
  return workshop.run('sh', '-c', `cpio -o -H ${format} --quiet --reproducible < names`)
}

export function update(
  workshop: Workshop,
  {
    description = LIBCONFIG,
    signature,
    format = 'crc',
  }: { description?: string; signature: Uint8Array | null; format?: 'newc' | 'crc' },
): Buffer {
  workshop.write('sw-description', description)
  for (const [name, content] of Object.entries(FILES)) workshop.write(name, content)
  if (signature !== null) workshop.write('sw-description.sig', signature)
  const names = ['sw-description', ...(signature === null ? [] : ['sw-description.sig']), ...Object.keys(FILES)]
  return cpio(workshop, names, format)
}

/** As SWUpdate's documentation signs: PKCS#1 as it is, PSS by `options`. */
export function signRsa(workshop: Workshop, description: string, ...options: readonly string[]): Buffer {
  workshop.write('described', description)
  return workshop.run('openssl', 'dgst', '-sha256', '-sign', 'swu.key', ...options, 'described')
}

export const PSS = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-2']

export function makeUpdateSigners(workshop: Workshop): void {
  workshop.run('openssl', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'swu.key')
  issue(workshop, 'swu-root', { extensions: AUTHORITY })
  issue(workshop, 'swu-signer', {
    issuer: 'swu-root',
    extensions: ['keyUsage=digitalSignature', 'extendedKeyUsage=emailProtection'],
  })
}

export function swUpdates(): Vector[] {
  return inWorkshop((workshop) => {
    makeUpdateSigners(workshop)
    const byCms = update(workshop, { signature: signCms(workshop, Buffer.from(LIBCONFIG), ['swu-signer']) })
    const byRsa = update(workshop, {
      description: JSON_CONFIG,
      signature: signRsa(workshop, JSON_CONFIG),
      format: 'newc',
    })
    const byPss = update(workshop, {
      description: JSON_CONFIG,
      signature: signRsa(workshop, JSON_CONFIG, ...PSS),
      format: 'newc',
    })
    const known = { format: 'swupdate', now: Date.now() } as const
    return [
      { name: 'update, CMS', bytes: Uint8Array.from(byCms), keys: [anchor(workshop, 'swu-root')], ...known },
      { name: 'update, RSA', bytes: Uint8Array.from(byRsa), keys: [bareKey(workshop, 'swu')], ...known },
      { name: 'update, RSA-PSS', bytes: Uint8Array.from(byPss), keys: [bareKey(workshop, 'swu')], ...known },
    ]
  })
}
