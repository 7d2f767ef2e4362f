import type { AcsRequest, CwmpVersion } from './message.ts'

const since: ReadonlyMap<AcsRequest['kind'], CwmpVersion> = new Map([
  ['get_all_queued_transfers', '1.1'],
  ['schedule_download', '1.2'],
  ['cancel_transfer', '1.2'],
  ['change_du_state', '1.2'],
])

/** The first version of the schema that has the call; there are CPE that know some calls of later ones. */
export function rpcSince(kind: AcsRequest['kind']): CwmpVersion {
  return since.get(kind) ?? '1.0'
}
