import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Somebody who signs certificates, in a directory of its own. */
export interface Authority {
  /** PEM files. */
  readonly caFile: string
  readonly ca: Buffer
  /** `days`: negative, and it has expired. */
  sign(commonName: string, options?: { readonly days?: number; readonly key?: 'ec' | 'rsa' }): Signed
}

export interface Signed {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: Buffer
  readonly key: Buffer
}

const KEYS = { ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], rsa: ['-newkey', 'rsa:2048'] }

/** With the openssl of this machine: Node makes no certificates. */
export function createAuthority(name = 'test authority'): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-certificates-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  const path = (file: string) => join(directory, file)
  let serial = 0
  openssl(
    'req',
    '-x509',
    ...KEYS.ec,
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
  )
  return {
    caFile: path('ca.pem'),
    ca: readFileSync(path('ca.pem')),
    sign(commonName, { days = 2, key = 'ec' } = {}) {
      const file = String(++serial)
      const subject = ['-subj', `/CN=${commonName}`]
      openssl('req', ...KEYS[key], '-nodes', '-keyout', `${file}.key`, '-out', `${file}.csr`, ...subject)
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', file]
      openssl('x509', '-req', '-in', `${file}.csr`, ...by, '-days', String(days), '-out', `${file}.pem`)
      const [certFile, keyFile] = [path(`${file}.pem`), path(`${file}.key`)]
      return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) }
    },
  }
}
