import { answered, type Placement, type Watch } from '@sluice/contracts'
import type { HotStore } from '@sluice/hot-store'
import type { ClaimInput, ClaimReply } from './stand.ts'

export const upgradeId = (n: number) => 'upg_' + String(n).padStart(26, '0')
export const attemptId = (n: number) => 'fw' + String(n).padStart(26, '0')
export const campaignId = 'cmp_' + '0'.repeat(26)
export const TARGET = '2.0'

export const hint = (
  deviceKey: string,
  n = 1,
  more: { revision?: number; notBefore?: string; schedules?: boolean } = {},
): Placement => ({
  op: 'put_task',
  deviceKey,
  task: { kind: 'upgrade', taskId: upgradeId(n), campaignId, weight: 1, notBefore: null, revision: 1, ...more },
})

export const watchOf = (n = 1, more: Partial<Watch> = {}): Watch => ({
  attemptId: attemptId(n),
  upgradeId: upgradeId(n),
  campaignId,
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  targetVersions: [TARGET],
  mode: 'open',
  plantInformSeconds: null,
  until: '2036-01-01T00:00:00.000Z',
  revision: 2,
  ...more,
})

export const go = (n = 1, watch: Partial<Watch> = {}): ClaimReply =>
  answered({
    kind: 'go',
    attemptId: attemptId(n),
    download: {
      url: 'http://192.0.2.9:7549/fw.bin?a=1&b=2',
      username: attemptId(n),
      password: 'download-password',
      fileSize: 1234,
      targetFileName: 'fw.bin',
    },
    delaySeconds: 0,
    watch: watchOf(n, watch),
  })

/** As the record stands once an attempt's Download was written to a device. */
export async function downloadSent(store: HotStore, deviceKey: string, n = 1, answered = true): Promise<void> {
  const key = { deviceKey, token: `download${n}` }
  await store.place([{ op: 'put_watch', deviceKey, watch: watchOf(n) }])
  await store.open([{ key, state: '', ttlMs: 1_000, version: null }])
  await store.resume([{ key, endIfIdle: false }])
  const changes = [{ op: 'put_offer', offer: { attemptId: attemptId(n), answered } }] as const
  await store.save([{ key, revision: 0, state: '', ttlMs: 1_000, ended: true, changes }])
}

/** Commits an attempt once for each upgrade, as the scheduler does: asked again, it is open. */
export function committing(): (input: ClaimInput) => ClaimReply {
  const committed = new Set<string>()
  return ({ upgradeId: id }) => {
    const n = Number(id.slice(4))
    if (committed.has(id)) return answered({ kind: 'open', watch: watchOf(n), check: true })
    committed.add(id)
    return go(n)
  }
}
