/**
 * The instance aliases of a path, in order: `Device.WiFi.SSID.[cpe-1].SSID` has `cpe-1`. Only CPE that inform with
 * `ManagementServer.AliasBasedAddressing` true may be sent a path that has any (TR-069 3.6.1).
 */
export function instanceAliasesIn(path: string): readonly string[] {
  return [...path.matchAll(ALIAS)].map((found) => found[1] ?? '')
}

/** The alias AddObject asks for: the one the object name ends with, as in `Device.X.[a].`; null for none. */
export function requestedAlias(objectName: string): string | null {
  return /\.\[([^[\]]+)\]\.$/.exec(objectName)?.[1] ?? null
}

/** A whole segment in square brackets, never empty (TR-069 A.2.2.2). */
const ALIAS = /(?<=\.)\[([^[\]]+)\](?=\.|$)/g
