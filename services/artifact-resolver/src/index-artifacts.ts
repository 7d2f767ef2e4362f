import { LOG } from './observability.ts'
import type { Parts } from './parts.ts'
import { trustedDigests } from './store/artifacts.ts'

/**
 * Has the store of images know the digest of every trusted artifact, as the file servers need it: those promoted before
 * the store wrote digests down have none there. Where nothing is missing, nothing is written.
 *
 * Throws while the store does not answer: started without, the old artifacts would go to nobody.
 */
export async function indexArtifacts({ sql, images, log }: Parts): Promise<void> {
  for (const { artifactId, sha256 } of await trustedDigests(sql)) {
    const { kind } = await images.promote(artifactId, sha256)
    if (kind !== 'promoted') log.error({ artifact_id: artifactId, found: kind }, LOG.notInStore)
  }
}
