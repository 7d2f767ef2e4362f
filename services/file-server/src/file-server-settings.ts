import type { ListenSettings } from './listeners.ts'
import { type PaceSettings, pieceBytesOf } from './pacer.ts'

export interface FileServerSettings extends Omit<ListenSettings, 'requestMs'> {
  /** Keys of download grants: the current one, then those still believed. */
  readonly keys: readonly [Uint8Array, ...Uint8Array[]]
  /** Whether the token in the path is not enough. */
  readonly requireCredentials: boolean
  readonly maxTransfers: number
  readonly maxTransfersPerAttempt: number
  readonly pace: PaceSettings
  /** Of images, kept in memory. */
  readonly cacheBytes: number
  /** Null: this process sends the bytes. Else nginx before it does, and tells where it listens for that. */
  readonly nginx: { /** UDP; 0: any free one. */ readonly transferLogPort: number } | null
  /** Of one file a device puts. */
  readonly maxUploadBytes: number
  /** However slowly it moves, a transfer ends after this time. */
  readonly maxTransferMs: number
  readonly stopsRefreshMs: number
  /** How long transfers under way may go on after `stop`. */
  readonly drainMs: number
}

const MEBIBYTE = 1_048_576

export const defaultSettings = {
  host: '0.0.0.0',
  port: 7549,
  tls: null,
  requireCredentials: false,
  maxConnections: 4_000,
  maxTransfers: 2_000,
  maxTransfersPerAttempt: 4,
  pace: { bytesPerSecond: 0, transferBytesPerSecond: 0 },
  cacheBytes: 128 * MEBIBYTE,
  nginx: null,
  maxUploadBytes: 16 * MEBIBYTE,
  idleMs: 60_000,
  maxTransferMs: 6 * 3_600_000,
  stopsRefreshMs: 5_000,
} as const satisfies Partial<FileServerSettings>

/** What no two settings may say together; null: all is well. */
export function contradictionIn(settings: FileServerSettings): string | null {
  const { port, tls, pace, nginx, maxTransfers, idleMs } = settings
  if (port === null && tls === null) return 'SLUICE_FILES_PLAIN: is off, and SLUICE_FILES_TLS_PORT is not given'
  if (tls !== null && (tls.certFile === '' || tls.keyFile === '')) {
    return 'SLUICE_FILES_TLS_PORT: needs SLUICE_FILES_TLS_CERT and SLUICE_FILES_TLS_KEY'
  }
  if (nginx !== null && tls !== null) {
    return 'SLUICE_FILES_TLS_PORT: nginx sends the bytes: devices speak TLS with it, and nobody with the file server'
  }
  const { bytesPerSecond, transferBytesPerSecond } = pace
  if (nginx !== null) {
    return bytesPerSecond === 0
      ? null
      : 'SLUICE_FILES_BYTES_PER_SECOND: nginx sends the bytes: limit each transfer by SLUICE_FILES_TRANSFER_BYTES_PER_SECOND, and their number in nginx'
  }
  // Longest, a transfer waits for one piece of each, and then no byte moves on its socket.
  const piece = pieceBytesOf(pace)
  const roundS = bytesPerSecond === 0 ? 0 : (maxTransfers * piece) / bytesPerSecond
  if (roundS > idleMs / 2_000) {
    return `SLUICE_FILES_BYTES_PER_SECOND: ${maxTransfers} transfers would wait ${Math.ceil(roundS)} s for a turn: allow fewer by SLUICE_FILES_MAX_TRANSFERS`
  }
  const pieceS = transferBytesPerSecond === 0 ? 0 : piece / transferBytesPerSecond
  return pieceS > idleMs / 2_000
    ? `SLUICE_FILES_TRANSFER_BYTES_PER_SECOND: a transfer would wait ${Math.ceil(pieceS)} s for each piece`
    : null
}
