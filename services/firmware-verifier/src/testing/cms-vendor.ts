import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pemOf, type Registered } from './world.ts'

const AUTHORITY = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign', 'subjectKeyIdentifier=hash']
const SIGNER = ['basicConstraints=CA:FALSE', 'keyUsage=digitalSignature', 'extendedKeyUsage=codeSigning']

/** A vendor with certificates by openssl, in a folder of its own. */
export interface CmsVendor {
  /** Signed by itself, where no issuer is named. */
  authority(name: string, issuer?: string): void
  signer(name: string, issuer: string): void
  certificate(name: string): string
  /** Its key alone. */
  bareKey(name: string): string
  /** A detached signature, with the certificates of its signer and of that one's issuer. */
  sign(bytes: Uint8Array, signer: string): Registered['signatures'][number]
}

export function createCmsVendor(): CmsVendor {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-vendor-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const issuers = new Map<string, string>()
  const certificate = (name: string) => readFileSync(join(folder, `${name}.crt`), 'utf8')

  const issue = (name: string, issuer: string, extensions: readonly string[]) => {
    const [key, request, terms] = [`${name}.key`, `${name}.csr`, `${name}.cnf`]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl('req', '-new', ...kind, '-keyout', key, '-subj', `/CN=${name}`, '-out', request)
    writeFileSync(join(folder, terms), extensions.join('\n'))
    issuers.set(name, issuer)
    const by = issuer === name ? ['-signkey', key] : ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`]
    const serial = ['-set_serial', String(issuers.size)]
    openssl('x509', '-req', '-in', request, ...by, ...serial, '-days', '30', '-extfile', terms, '-out', `${name}.crt`)
  }
  return {
    authority: (name, issuer = name) => issue(name, issuer, AUTHORITY),
    signer: (name, issuer) => issue(name, issuer, SIGNER),
    certificate,
    bareKey: (name) => pemOf(new X509Certificate(certificate(name)).publicKey),
    sign: (bytes, signer) => {
      writeFileSync(join(folder, 'content'), bytes)
      const by = ['-signer', `${signer}.crt`, '-inkey', `${signer}.key`, '-certfile', `${issuers.get(signer)!}.crt`]
      const how = ['-binary', '-nosmimecap', '-outform', 'DER']
      return { algorithm: 'cms', value: openssl('cms', '-sign', ...how, '-in', 'content', ...by).toString('base64') }
    },
  }
}
