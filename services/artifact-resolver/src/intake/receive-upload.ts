import type { IncomingMessage } from 'node:http'
import { answered, refused, type Artifact, type Reply } from '@sluice/contracts'
import { ImageStoreError } from '@sluice/image-store'
import { withDeadline } from '@sluice/runtime'
import { findMisfit, mostBytes, tooLong } from '../declared-content.ts'
import type { Parts } from '../parts.ts'
import { clearQuarantine } from '../quarantine.ts'
import { registerContent } from '../register-content.ts'
import { asMessage, findArtifact } from '../store/artifacts.ts'

/** Streams an upload into quarantine and registers it. What breaks off leaves the artifact waiting for its content. */
export async function receiveUpload(artifactId: string, body: IncomingMessage, parts: Parts): Promise<Reply<Artifact>> {
  const { maxImageBytes, intake } = parts.settings
  const artifact = await findArtifact(parts.sql, artifactId)
  if (artifact === null) return refused('not_found', 'there is no such artifact')
  if (artifact.status !== 'awaiting_content' || artifact.source_url !== null) {
    return refused(
      'conflict',
      artifact.source_url === null
        ? `its content is there, it is ${artifact.status}`
        : 'its content is fetched, not uploaded',
    )
  }
  const maxBytes = mostBytes(artifact, maxImageBytes)
  const announced = Number(body.headers['content-length'] ?? 0)
  if (announced > maxBytes) return refused('too_large', tooLong(artifact, maxBytes))

  // Left open when we stop reading, so that the sender can still be told why.
  const source = body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  try {
    const store = (signal: AbortSignal) => parts.images.quarantine(artifactId, source, { maxBytes, signal })
    const stored = await withDeadline(store, intake.deadlineMs, { clock: parts.clock, what: 'the upload' })
    if (stored.kind === 'too_large') return refused('too_large', tooLong(artifact, maxBytes))
    const misfit = findMisfit(artifact, stored)
    if (misfit !== null) {
      // It is no image of ours: a wrong file, or one that was damaged on its way. The right one may still come.
      await clearQuarantine(artifactId, parts)
      return refused('invalid_request', misfit.detail)
    }
    const registered = await registerContent(artifactId, { size: stored.size, sha256: stored.sha256 }, parts)
    return registered === null
      ? refused('conflict', 'its content came in the meantime')
      : answered(asMessage(registered))
  } catch (error) {
    if (error instanceof ImageStoreError && error.code === 'source_failed') {
      return refused('invalid_request', 'the upload broke off before its end')
    }
    throw error
  }
}
