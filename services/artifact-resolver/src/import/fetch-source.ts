import type { IncomingMessage } from 'node:http'
import type { Networks } from '@sluice/runtime'
import { askHttp, reasonOf } from './ask-http.ts'
import { checkSource, isPlainUrl } from './check-source.ts'
import { ForbiddenAddress, guardedLookup, type ResolveName } from './guarded-lookup.ts'
import { readAnswer, type FetchedSource, type Refused } from './read-answer.ts'

export interface FetchLimits {
  readonly labNetworks: Networks
  readonly maxBytes: number
  readonly idleMs: number
  readonly signal: AbortSignal
  /** Absent: as the system resolves. */
  readonly resolveName?: ResolveName
}

const MAX_REDIRECTS = 3

/**
 * Opens a source on somebody's HTTP server for reading. Every address is checked at the moment it is connected to, so
 * neither a name that resolves to another address the second time nor a redirect leads inside.
 */
export async function fetchSource(source: string, limits: FetchLimits): Promise<FetchedSource> {
  const lookup = guardedLookup(limits.labNetworks, limits.resolveName)
  let next = source
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const checked = checkSource(next, limits.labNetworks)
    if (checked.kind === 'refused') return checked
    const { url } = checked
    let response: IncomingMessage
    try {
      response = await askHttp(url, { lookup, idleMs: limits.idleMs, signal: limits.signal })
    } catch (error) {
      if (error instanceof ForbiddenAddress) return { kind: 'refused', detail: error.message }
      return { kind: 'failed', detail: `no answer from ${url.host}: ${reasonOf(error)}` }
    }
    const redirect = readRedirect(response, url)
    const answer = redirect ?? readAnswer(response, url.host, limits.maxBytes)
    if (answer.kind !== 'open') response.destroy()
    if (answer.kind !== 'redirected') return answer
    next = answer.to
  }
  return { kind: 'refused', detail: `more than ${MAX_REDIRECTS} redirects` }
}

function readRedirect(
  { statusCode = 0, headers: { location } }: IncomingMessage,
  from: URL,
): { readonly kind: 'redirected'; readonly to: string } | Refused | null {
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return null
  const target = isPlainUrl(location) ? URL.parse(location, from) : null
  if (target === null) return { kind: 'refused', detail: 'redirected to what is no URL' }
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    return { kind: 'refused', detail: 'redirected from https to http' }
  }
  return { kind: 'redirected', to: target.href }
}
