import { Readable } from 'node:stream'
import { type Reply, answered, refused } from '@sluice/contracts'
import type { IntakeSettings } from './upload.ts'

/** Of a task, or the backup before an upgrade: the id under which the file server keeps it. */
export function uploadIdOf(params: { readonly taskId?: string; readonly upgradeId?: string }): string {
  return params.taskId ?? `bk${(params.upgradeId ?? '').slice('upg_'.length)}`
}

/** A file that a device put, streamed from where it lies: it may hold what a subscriber set. */
export async function fetchUpload(
  intake: IntakeSettings,
  uploadId: string,
  signal: AbortSignal,
): Promise<Reply<Readable>> {
  try {
    const response = await fetch(new URL(`/uploads/${uploadId}`, intake.url), {
      redirect: 'error',
      signal,
      headers: { authorization: `Bearer ${intake.token}` },
    })
    if (response.ok && response.body !== null) return answered(Readable.fromWeb(response.body))
    await response.body?.cancel()
    if (response.status === 404) return refused('not_found', 'nothing was uploaded, or it is not kept any more')
  } catch {
    // As with any other answer of the intake.
  }
  return refused('unavailable', 'the upload cannot be read now')
}
