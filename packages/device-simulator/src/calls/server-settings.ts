import type { Cpe } from '../cpe.ts'

/** What follows when the ACS writes ManagementServer: the next session uses it. */
export function applyServerSettings(cpe: Cpe, names: readonly string[]): void {
  const set = (name: string): boolean => names.includes(`${cpe.model.root}.ManagementServer.${name}`)
  if (set('URL')) {
    cpe.asked.otherAcs = true
    cpe.record({ what: 'acs_changed', urlHost: URL.parse(cpe.model.server('URL'))?.host ?? '' })
  }
  if (set('Username') || set('Password')) cpe.record({ what: 'login_changed' })
}
