import { hash } from 'node:crypto'

/**
 * The one trace of an upgrade. Its id follows from the upgrade id, so every service that knows the
 * upgrade joins the same trace, before and after the reboot, without asking anybody.
 */
export function upgradeTraceparent(upgradeId: string): string {
  const digest = hash('sha256', upgradeId)
  return `00-${digest.slice(0, 32)}-${digest.slice(32, 48)}-01`
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}
