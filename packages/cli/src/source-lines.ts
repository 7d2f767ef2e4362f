import type { Artifact } from '@sluice/contracts'
import { printable } from './table.ts'

type Told = Pick<Artifact, 'import' | 'origin' | 'verdict'>

/** How the fetching from its source goes, and what is known of the copy at its origin; one line each, where there is something to tell. */
export function sourceLines(artifact: Told): string[] {
  return [importLine(artifact.import), originLine(artifact.origin)].filter((line) => line !== null)
}

/** The same for one cell of a list: what somebody has to look after, or nothing. */
export function troubleOf({ import: fetched, origin, verdict }: Told): string | null {
  if (verdict !== null && !verdict.trusted) return verdict.reasons[0]?.code ?? null
  if (fetched?.state === 'waiting' && fetched.detail !== null) return `import: ${fetched.detail}`
  return origin !== null && 'detail' in origin ? `origin ${origin.state}: ${origin.detail ?? ''}` : null
}

function importLine(fetched: Artifact['import']): string | null {
  if (fetched === null) return null
  const tries = `${fetched.attempts} ${fetched.attempts === 1 ? 'try' : 'tries'}`
  if (fetched.state === 'fetched') return `fetched, ${tries}`
  const why = fetched.detail === null ? '' : `: ${printable(fetched.detail)}`
  if (fetched.state === 'given_up') return `import given up, ${tries}${why}`
  return `waits to be fetched, ${tries}, again by ${fetched.dueAt}${why}`
}

function originLine(origin: Artifact['origin']): string | null {
  if (origin === null) return null
  const checked =
    origin.checkedAt === null ? 'its copy was not compared yet' : `its copy was last compared at ${origin.checkedAt}`
  if (!('failures' in origin)) return origin.state === 'unchecked' ? checked : `${checked}: as verified`
  const held = origin.state === 'held' ? ', and no device is sent there' : ''
  const why = origin.detail === null ? '' : `: ${printable(origin.detail)}`
  return `its origin failed ${origin.failures} times in a row${held}${why}; ${checked}`
}
