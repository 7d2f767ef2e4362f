export interface ConnectionRequestUrl {
  /** Without the brackets of IPv6. */
  readonly host: string
  readonly port: number
  /** `host[:port]` as the device wrote it. */
  readonly authority: string
  /** Path and query to the letter: CPE compare them, and digest signs them. */
  readonly target: string
}

const URL_FORM = /^http:\/\/(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{0,5}))?([/?][!-~]*)?$/i

/** Reads a ConnectionRequestURL; null for all but plain http without user information (TR-069 3.2.2.2). */
export function readConnectionRequestUrl(text: string): ConnectionRequestUrl | null {
  const [, bracketed, port, rest = '/'] = URL_FORM.exec(text.trim()) ?? []
  if (bracketed === undefined) return null
  const host = bracketed.replace(/^\[(.*)\]$/, '$1')
  const [path = ''] = rest.split('#')
  return {
    host,
    port: port === undefined || port === '' ? 80 : Number(port),
    authority: port === undefined || port === '' ? bracketed : `${bracketed}:${port}`,
    target: path.startsWith('/') ? path : `/${path}`,
  }
}
