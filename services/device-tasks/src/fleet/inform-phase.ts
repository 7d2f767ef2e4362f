import { createHash } from 'node:crypto'

/** Any moment will do: PeriodicInformTime only says at what phase of its interval a device comes. */
const REFERENCE_MS = Date.UTC(2020, 0, 1)

/**
 * The PeriodicInformTime of one device: its place in the interval is a hash of its key, so that a fleet comes evenly
 * and each device keeps its place, whatever else changes. RFC 3339 UTC, whole seconds.
 */
export function informTimeOf(deviceKey: string, intervalSeconds: number): string {
  const share = createHash('sha256').update(`periodic inform ${deviceKey}`).digest().readUIntBE(0, 6) / 2 ** 48
  const phaseSeconds = Math.floor(share * intervalSeconds)
  return new Date(REFERENCE_MS + phaseSeconds * 1_000).toISOString().replace('.000Z', 'Z')
}
