import { lookup as resolveName, type LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Networks } from '@sluice/runtime'
import { checkSource, isAllowedAddress } from './check-source.ts'

export type FetchedSource =
  | { readonly kind: 'open'; readonly body: IncomingMessage }
  /** It will not be better next time. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** It may be. */
  | { readonly kind: 'failed'; readonly detail: string }

const MAX_REDIRECTS = 3

/**
 * Opens a source for reading. Every address is checked at the moment it is connected to, so neither a name that
 * resolves to another address the second time nor a redirect leads inside.
 */
export async function fetchSource(
  source: string,
  limits: { readonly labNetworks: Networks; readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<FetchedSource> {
  let next = source
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const checked = checkSource(next, limits.labNetworks)
    if (checked.kind === 'refused') return checked
    let response: IncomingMessage
    try {
      response = await get(checked.url, limits.labNetworks, limits.signal)
    } catch (error) {
      if (error instanceof ForbiddenAddress) return { kind: 'refused', detail: error.message }
      return { kind: 'failed', detail: `no answer from ${checked.url.host}: ${codeOf(error)}` }
    }
    const answer = readAnswer(response, checked.url, limits.maxBytes)
    if (answer.kind !== 'open') response.destroy()
    if (answer.kind !== 'redirected') return answer
    next = answer.to
  }
  return { kind: 'refused', detail: `more than ${MAX_REDIRECTS} redirects` }
}

type Answer = FetchedSource | { readonly kind: 'redirected'; readonly to: string }

function readAnswer(response: IncomingMessage, url: URL, maxBytes: number): Answer {
  const status = response.statusCode ?? 0
  const { location } = response.headers
  if ([301, 302, 303, 307, 308].includes(status) && location !== undefined) {
    const target = URL.parse(location, url)
    if (target === null) return { kind: 'refused', detail: 'redirected to what is no URL' }
    if (url.protocol === 'https:' && target.protocol !== 'https:')
      return { kind: 'refused', detail: 'redirected from https to http' }
    return { kind: 'redirected', to: target.href }
  }
  if (status >= 500 || status === 429) return { kind: 'failed', detail: `${url.host} answered ${status}` }
  if (status !== 200) return { kind: 'refused', detail: `${url.host} answered ${status}` }
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    return { kind: 'refused', detail: 'the image comes with a content encoding nobody asked for' }
  if (Number(response.headers['content-length'] ?? 0) > maxBytes)
    return { kind: 'refused', detail: `more than ${maxBytes} bytes` }
  return { kind: 'open', body: response }
}

async function get(url: URL, labNetworks: Networks, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const asked: ClientRequest = send(url, {
    // No pooled connection: it could have been opened under another guard.
    agent: false,
    lookup: guardedLookup(labNetworks),
    headers: { 'accept-encoding': 'identity', 'user-agent': 'sluice' },
    signal,
  })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  // The request tells of errors until the response is there; afterwards the response does.
  asked.on('error', () => undefined)
  return response
}

class ForbiddenAddress extends Error {}

/** Resolves a name, and gives out only addresses that may be connected to: all of them, or none. */
function guardedLookup(labNetworks: Networks): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '')
      const forbidden = addresses.some(({ address }) => !isAllowedAddress(address, labNetworks))
      if (forbidden || addresses.length === 0) {
        return callback(new ForbiddenAddress(`${hostname} leads to an address that is not to be fetched from`), '')
      }
      if (options.all === true) return callback(null, addresses)
      callback(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error) return (error as NodeJS.ErrnoException).code ?? error.name
  return 'error'
}
