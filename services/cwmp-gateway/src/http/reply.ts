import type { SessionKey } from '@sluice/hot-store'

/** One HTTP response to a CPE. Every one carries Content-Length, 204 included: some CPE wait for it. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The session this connection speaks for from now on. */
  readonly bind?: SessionKey
  /** Why, where it is no success: for metrics and logs. */
  readonly reason?: string
}

export function nothing(): Reply {
  return { status: 204, headers: {}, body: '' }
}

export function soap(body: string, extra: Pick<Reply, 'bind'> & { readonly cookie?: string } = {}): Reply {
  const { bind, cookie } = extra
  return {
    status: 200,
    headers: { 'content-type': 'text/xml; charset=utf-8', ...(cookie === undefined ? {} : { 'set-cookie': cookie }) },
    body,
    ...(bind === undefined ? {} : { bind }),
  }
}

/** TR-069 3.7.2.4: 400 without SOAP ends the session unsuccessfully. The text is ours alone, never the device's. */
export function badRequest(reason: string): Reply {
  return plain(400, `${reason}\n`, {}, reason)
}

/** TR-069 3.4.6: the CPE says the same again there. */
export function redirected(url: string, status: 302 | 307): Reply {
  // What a header cannot hold, no URL needs.
  return plain(status, '', { location: url.replaceAll(/[^\x21-\x7e]/g, '') }, 'redirected')
}

export function unauthorized(challenge: string, reason: string): Reply {
  return plain(401, '', { 'www-authenticate': challenge }, reason)
}

export function unavailable(retryAfterSeconds: number, reason: string): Reply {
  return plain(503, '', { 'retry-after': String(retryAfterSeconds) }, reason)
}

/** TR-069 3.4.7: the CPE sends it again without compression. */
export function unsupportedEncoding(): Reply {
  return plain(415, '', { 'accept-encoding': 'gzip, deflate' }, 'content_encoding')
}

export function tooLarge(): Reply {
  return plain(413, '', {}, 'body_too_large')
}

/** It said who it is, and what it says now is for somebody else: no other password mends that. */
export function forbidden(reason: string): Reply {
  return plain(403, '', {}, reason)
}

export function methodNotAllowed(): Reply {
  return plain(405, '', { allow: 'POST' }, 'method')
}

export function failed(): Reply {
  return plain(500, '', {}, 'internal')
}

function plain(status: number, body: string, headers: Record<string, string>, reason: string): Reply {
  return { status, headers: { ...(body === '' ? {} : { 'content-type': 'text/plain' }), ...headers }, body, reason }
}
