import { createHash } from 'node:crypto'
import type { Vector } from '../look-at-image.ts'
import { anchor, AUTHORITY, bareKey, issue, signCms, type Workshop } from '../pki.ts'

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
  return workshop.run(
    'cpio',
    ['-o', '-H', format, '--quiet', '--reproducible'],
    names.map((name) => `${name}\n`).join(''),
  )
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

export function signRsa(workshop: Workshop, description: string, options: readonly string[] = []): Buffer {
  return workshop.run('openssl', ['dgst', '-sha256', '-sign', 'swu.key', ...options], description)
}

export function cmsUpdateVector(workshop: Workshop): Vector {
  issue(workshop, { name: 'swu-root', extensions: AUTHORITY })
  issue(workshop, {
    name: 'swu-signer',
    issuer: 'swu-root',
    extensions: ['keyUsage=digitalSignature', 'extendedKeyUsage=emailProtection'],
  })
  const bytes = Uint8Array.from(update(workshop, { signature: signCms(workshop, Buffer.from(LIBCONFIG), ['swu-signer']) }))
  return {
    name: 'SWUpdate, crc archive with CMS',
    format: 'swupdate',
    bytes,
    keys: [anchor(workshop, 'swu-root')],
    now: Date.now(),
  }
}

export function rsaUpdateVector(workshop: Workshop): Vector {
  workshop.run('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'swu.key'])
  const bytes = update(workshop, {
    description: JSON_CONFIG,
    signature: signRsa(workshop, JSON_CONFIG),
    format: 'newc',
  })
  return { name: 'SWUpdate, newc archive with RSA', format: 'swupdate', bytes, keys: [bareKey(workshop, 'swu')] }
}
