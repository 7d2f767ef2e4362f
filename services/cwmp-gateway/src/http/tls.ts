import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import type { Server as TlsServer, TLSSocket, TlsOptions } from 'node:tls'
import { type Clock, type Log, RuntimeError } from '@sluice/runtime'
import type { TlsSettings } from '../config.ts'

export interface Tls {
  readonly port: number
  readonly options: TlsOptions
  /** Refuses certificates that do not verify, and follows the files as they are renewed. */
  guard(server: TlsServer): void
  close(): void
}

export interface TlsParts {
  readonly settings: TlsSettings
  readonly clock: Clock
  readonly log: Log
}

/** Looked at, not listened to: what mounts a secret swaps links, which tells no watcher of a file. */
const LOOK_MS = 10_000

/** TLS 1.2 and 1.3 for CPE (TR-069 3.3), with or without certificates of theirs. Throws where a file cannot be read. */
export async function openTls({ settings, clock, log }: TlsParts): Promise<Tls> {
  let current = await readFiles(settings)
  const { clientCertificates } = settings
  let stopLooking = () => {}

  return {
    port: settings.port,
    options: {
      ...current.context,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      requestCert: clientCertificates !== 'off',
      // Node refuses those without one here, too: `optional` is refused in guard().
      rejectUnauthorized: clientCertificates === 'required',
      handshakeTimeout: 15_000,
    },
    guard(server) {
      server.on('tlsClientError', (error) => log.debug({ error: error.message }, 'cwmp.tls.refused'))
      server.on('secureConnection', (socket) => {
        if (clientCertificates !== 'optional' || socket.authorized || !hasCertificate(socket)) return
        log.info({ error: String(socket.authorizationError) }, 'cwmp.tls.certificate_refused')
        socket.destroy()
      })
      stopLooking = clock.every(LOOK_MS, () => void renew(server))
    },
    close: () => stopLooking(),
  }

  async function renew(server: TlsServer): Promise<void> {
    try {
      const found = await readFiles(settings)
      if (found.fingerprint === current.fingerprint) return
      server.setSecureContext({ ...found.context, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' })
      current = found
      log.info({}, 'cwmp.tls.renewed')
    } catch (error) {
      // While files are replaced, key and certificate may not fit: what was good so far goes on.
      log.warn({ err: error }, 'cwmp.tls.not_renewed')
    }
  }
}

/** CN of the client certificate, where one was asked for, given and verified. */
export function certificateNameOf(socket: Socket): string | null {
  if (!('encrypted' in socket) || !(socket as TLSSocket).authorized) return null
  const name = (socket as TLSSocket).getPeerCertificate().subject?.CN
  return typeof name === 'string' && name !== '' ? name : null
}

function hasCertificate(socket: TLSSocket): boolean {
  return socket.getPeerX509Certificate() !== undefined
}

async function readFiles({ certFile, keyFile, clientCaFile, clientCertificates }: TlsSettings) {
  const withCa = clientCertificates !== 'off' && clientCaFile !== null
  const [cert, key, ca] = await Promise.all([
    readFile(certFile),
    readFile(keyFile),
    withCa ? readFile(clientCaFile) : undefined,
  ])
  // OpenSSL itself takes a key of one kind beside a certificate of another, and then shakes no hand.
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new RuntimeError('invalid_settings', `SLUICE_CWMP_TLS_KEY: ${keyFile} is not the key of ${certFile}`)
  }
  const fingerprint = createHash('sha256')
  for (const file of [cert, key, ca]) fingerprint.update(file ?? '').update('|')
  return { context: { cert, key, ...(ca === undefined ? {} : { ca }) }, fingerprint: fingerprint.digest('hex') }
}
