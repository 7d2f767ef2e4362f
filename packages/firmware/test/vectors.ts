import { makeFit } from './fit-vectors.ts'
import type { Vector } from './look-at-image.ts'
import { makeMinisignKey } from './minisign.ts'
import { signedByUcert, signedByUsign, IMAGE, withVendor } from './openwrt-vectors.ts'
import { raucBundles } from './rauc-vectors.ts'
import { signedPackages } from './signed-package-vectors.ts'
import { swUpdates } from './swupdate-vectors.ts'
import { inWorkshop, missingTools } from './tools.ts'
import { makeUimage } from './uimage-vectors.ts'

/** What vectors are made with. */
export const absentTools = missingTools(
  'mkimage',
  'dtc',
  'openssl',
  'minisign',
  'signify-openbsd',
  'mksquashfs',
  'cpio',
)

/** One of each kind that a format has, made by the tools that make it. Each is small: every byte of it is tried. */
export const VECTORS: Readonly<Record<string, () => readonly Vector[]>> = {
  uimage: () => [
    { name: 'uImage', format: 'uimage', bytes: makeUimage(), keys: [] },
    { name: 'uImage, a signature beside it', format: 'uimage', ...signedBeside(makeUimage()) },
    { name: 'uImage of parts', format: 'uimage', bytes: makeUimage('multi'), keys: [] },
  ],
  fit: () => [
    { name: 'FIT, RSA', format: 'fit', ...makeFit() },
    { name: 'FIT, RSA-PSS', format: 'fit', ...makeFit({ padding: 'pss' }) },
    { name: 'FIT, ECDSA', format: 'fit', ...makeFit({ algorithm: 'sha256,ecdsa256' }) },
    { name: 'FIT, data behind the tree', format: 'fit', ...makeFit({ options: ['-E', '-B', '0x100'] }) },
    {
      name: 'FIT, not signed, a signature beside it',
      format: 'fit',
      ...signedBeside(makeFit({ algorithm: null }).bytes),
    },
    { name: 'FIT, data at a place', format: 'fit', ...makeFit({ options: ['-E', '-p', '0x800'] }) },
  ],
  openwrt_sysupgrade: () =>
    withVendor((keys) => [
      {
        name: 'sysupgrade, usign',
        format: 'openwrt_sysupgrade',
        bytes: signedByUsign(keys),
        keys: [keys.root.publicKey],
      },
      {
        name: 'sysupgrade, ucert',
        format: 'openwrt_sysupgrade',
        bytes: signedByUcert(keys),
        keys: [keys.root.publicKey],
      },
      { name: 'sysupgrade, metadata alone', format: 'openwrt_sysupgrade', bytes: IMAGE, keys: [] },
    ]),
  tr069_signed_package: signedPackages,
  rauc_bundle: raucBundles,
  swupdate: swUpdates,
}

function signedBeside(bytes: Uint8Array): Pick<Vector, 'bytes' | 'keys' | 'detached'> {
  return inWorkshop((workshop) => {
    const key = makeMinisignKey(workshop, 'vendor')
    const detached = [{ algorithm: 'minisign', value: key.sign(bytes).toString('base64') }]
    return { bytes, keys: [key.publicKey], detached }
  })
}
