import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { SecureContextOptions, Server } from 'node:tls'
import type { Clock } from './clock.ts'
import { RuntimeError } from './runtime-error.ts'

/** PEM files of a TLS server. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  /** The setting that names the key, for who reads that it does not fit. */
  readonly keySetting: string
  /** Who signs the certificates of clients; null: they are not asked for one. */
  readonly caFile: string | null
}

export interface FollowedCertificates {
  /** `cert`, `key` and `ca`, as they are now. */
  readonly context: SecureContextOptions
  /** Has a server show what the files hold from now on; connections that stand go on. */
  follow(server: Server, told: { renewed(): void; notRenewed(error: unknown): void }): void
  close(): void
}

/** Looked at, not listened to: what mounts a secret swaps links, which tells no watcher of a file. */
const LOOK_MS = 10_000

/**
 * Reads the files, and again as they are renewed. Throws where one cannot be read, and RuntimeError `invalid_settings`
 * where the key is not the certificate's.
 *
 * @param fixed what the context has beside the files; it is set anew with them
 */
export async function followCertificates(
  files: CertificateFiles,
  fixed: SecureContextOptions,
  clock: Clock,
): Promise<FollowedCertificates> {
  let current = await readFiles(files)
  let stopLooking = () => {}
  return {
    context: { ...fixed, ...current.context },
    follow(server, told) {
      const renew = async () => {
        try {
          const found = await readFiles(files)
          if (found.fingerprint === current.fingerprint) return
          server.setSecureContext({ ...fixed, ...found.context })
          current = found
          told.renewed()
        } catch (error) {
          // While files are replaced, key and certificate may not fit: what was good so far goes on.
          told.notRenewed(error)
        }
      }
      stopLooking = clock.every(LOOK_MS, () => void renew())
    },
    close: () => stopLooking(),
  }
}

async function readFiles({ certFile, keyFile, keySetting, caFile }: CertificateFiles) {
  const [cert, key, ca] = await Promise.all([
    readFile(certFile),
    readFile(keyFile),
    caFile === null ? undefined : readFile(caFile),
  ])
  // OpenSSL itself takes a key of one kind beside a certificate of another, and then shakes no hand.
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new RuntimeError('invalid_settings', `${keySetting}: ${keyFile} is not the key of ${certFile}`)
  }
  const fingerprint = createHash('sha256')
  for (const file of [cert, key, ca]) fingerprint.update(file ?? '').update('|')
  return { context: { cert, key, ...(ca === undefined ? {} : { ca }) }, fingerprint: fingerprint.digest('hex') }
}
