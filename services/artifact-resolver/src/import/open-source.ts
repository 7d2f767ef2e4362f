import type { ArtifactResolverSettings } from '../parts.ts'
import { checkSource } from './check-source.ts'
import { fetchS3 } from './fetch-s3.ts'
import { fetchSource } from './fetch-source.ts'
import type { FetchedSource, Refused } from './read-answer.ts'
import { isS3, parseS3Source } from './s3-source.ts'

type Imports = ArtifactResolverSettings['imports']

/** What can be said against a source before anybody is asked; null: nothing. */
export function refuseSource(source: string, imports: Imports): Refused | null {
  if (!isS3(source)) {
    const checked = checkSource(source, imports.labNetworks)
    return checked.kind === 'refused' ? checked : null
  }
  if (imports.s3 === null) return { kind: 'refused', detail: 'no S3 store is set up' }
  const parsed = parseS3Source(source)
  return parsed.kind === 'refused' ? parsed : null
}

/** Opens a source for reading: an operator's HTTP server, or an object of the S3 store. */
export async function openSource(
  source: string,
  imports: Imports,
  limits: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<FetchedSource> {
  const { labNetworks, idleMs, s3 } = imports
  if (!isS3(source)) return fetchSource(source, { labNetworks, idleMs, ...limits })
  const parsed = parseS3Source(source)
  if (parsed.kind === 'refused') return parsed
  if (s3 === null) return { kind: 'refused', detail: 'no S3 store is set up' }
  return fetchS3(parsed, s3, { idleMs, ...limits })
}
