import type { Socket } from 'node:net'
import type { Server as TlsServer, TLSSocket, TlsOptions } from 'node:tls'
import { type Clock, followCertificates, type Log } from '@sluice/runtime'
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

/** TLS 1.2 and 1.3 for CPE (TR-069 3.3), with or without certificates of theirs. Throws where a file cannot be read. */
export async function openTls({ settings, clock, log }: TlsParts): Promise<Tls> {
  const { certFile, keyFile, clientCaFile, clientCertificates } = settings
  const caFile = clientCertificates === 'off' ? null : clientCaFile
  const files = { certFile, keyFile, keySetting: 'SLUICE_CWMP_TLS_KEY', caFile }
  const certificates = await followCertificates(files, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }, clock)

  return {
    port: settings.port,
    options: {
      ...certificates.context,
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
      certificates.follow(server, {
        renewed: () => log.info({}, 'cwmp.tls.renewed'),
        notRenewed: (error) => log.warn({ err: error }, 'cwmp.tls.not_renewed'),
      })
    },
    close: () => certificates.close(),
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
