import type { PublicKey } from '../src/index.ts'
import type { Vector } from './look-at-image.ts'
import { inWorkshop, publicKey, type Workshop } from './tools.ts'

export interface FitPlan {
  /** `sha256,rsa2048`; null: not signed. */
  readonly algorithm?: string | null
  readonly padding?: 'pss'
  readonly hash?: string
  /** Of mkimage: `-E` puts the data behind the tree. */
  readonly options?: readonly string[]
  /** In the source, text for other text. */
  readonly change?: readonly [string | RegExp, string]
  /** The same in what mkimage made and signed, as dtc writes it out. */
  readonly afterwards?: readonly [string | RegExp, string]
}

/** A FIT of two images and one configuration, as mkimage makes and signs it. */
export function makeFit(plan: FitPlan = {}): Pick<Vector, 'bytes' | 'keys'> & { readonly other: PublicKey | null } {
  const { algorithm = 'sha256,rsa2048', options = [], change = ['', ''], afterwards } = plan
  return inWorkshop((workshop) => {
    workshop.write('kernel.bin', 'a kernel, as bytes go')
    workshop.write('board.dtb', 'a device tree')
    workshop.write('fit.its', source(plan).replace(...change))
    if (algorithm === null) {
      workshop.run('mkimage', ...options, '-f', 'fit.its', 'fit.itb')
      return { bytes: workshop.read('fit.itb'), keys: [], other: null }
    }
    const key = makeKey(workshop, algorithm, 'dev')
    const other = change[1].includes('"other"') ? makeKey(workshop, algorithm, 'other') : null
    workshop.write('control.dts', '/dts-v1/; / { signature { }; };')
    workshop.run('dtc', '-O', 'dtb', '-o', 'control.dtb', 'control.dts')
    workshop.run('mkimage', ...options, '-f', 'fit.its', '-k', '.', '-K', 'control.dtb', '-r', 'fit.itb')
    if (afterwards) {
      const made = workshop.run('dtc', '-I', 'dtb', '-O', 'dts', 'fit.itb').toString('latin1')
      workshop.write('changed.dts', made.replace(...afterwards))
      workshop.run('dtc', '-I', 'dts', '-O', 'dtb', '-o', 'fit.itb', 'changed.dts')
    }
    return { bytes: workshop.read('fit.itb'), keys: [key], other }
  })
}

function makeKey(workshop: Workshop, algorithm: string, name: string): PublicKey {
  const [key, certificate, open] = [`${name}.key`, `${name}.crt`, `${name}.pub`]
  if (algorithm.includes('ecdsa')) {
    workshop.run('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.pem`)
    workshop.run('openssl', 'ec', '-in', `${name}.pem`, '-pubout', '-out', open)
  } else {
    const bits = /rsa(\d+)/.exec(algorithm)![1]!
    const request = ['req', '-batch', '-new', '-x509', '-nodes', '-subj', `/CN=${name}`, '-newkey', `rsa:${bits}`]
    workshop.run('openssl', ...request, '-keyout', key, '-out', certificate)
    workshop.run('openssl', 'rsa', '-in', key, '-pubout', '-out', open)
  }
  return publicKey(workshop.read(open).toString())
}

function source({ algorithm = 'sha256,rsa2048', padding, hash = 'sha256' }: FitPlan): string {
  const padded = padding === undefined ? '' : `padding = "${padding}";`
  const signature =
    algorithm === null
      ? ''
      : `signature-1 { algo = "${algorithm}"; ${padded} key-name-hint = "dev"; sign-images = "kernel", "fdt"; };`
  return `/dts-v1/;
/ {
  description = "firmware of a small router";
  #address-cells = <1>;
  images {
    kernel-1 {
      description = "kernel"; data = /incbin/("kernel.bin");
      type = "kernel"; arch = "arm"; os = "linux"; compression = "none"; load = <0x80008000>; entry = <0x80008000>;
      hash-1 { algo = "${hash}"; };
      hash-2 { algo = "crc32"; };
    };
    fdt-1 {
      description = "tree"; data = /incbin/("board.dtb");
      type = "flat_dt"; arch = "arm"; compression = "none";
      hash-1 { algo = "${hash}"; };
    };
  };
  configurations {
    default = "conf-1";
    conf-1 { description = "board one"; kernel = "kernel-1"; fdt = "fdt-1"; compatible = "acme,router-1"; ${signature} };
  };
};
`
}
