import type { ConnectionOptions } from 'nats'
import { BusError } from './bus-error.ts'

/**
 * The servers of a comma-separated list, with the user, password or token that stands in the first URL that has one.
 * Throws BusError `invalid_url`.
 */
export function natsOptions(urls: string): ConnectionOptions {
  const parsed = urls.split(',').map((url) => parse(url.includes('://') ? url.trim() : `nats://${url.trim()}`))
  const signed = parsed.find(({ username }) => username !== '')
  const user = decode(signed?.username ?? '')
  const pass = decode(signed?.password ?? '')
  const signIn = user === '' ? {} : pass === '' ? { token: user } : { user, pass }
  return {
    servers: parsed.map(({ hostname, port }) => `${hostname}:${port || '4222'}`),
    ...signIn,
    ...(parsed.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
  }
}

// The errors of the platform have the whole URL in them, with the password, and would take it into the log.

function parse(url: string): URL {
  const parsed = URL.parse(url)
  if (parsed === null) throw notReadable()
  return parsed
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw notReadable()
  }
}

function notReadable(): BusError {
  return new BusError('invalid_url', 'a URL of NATS cannot be read: is its password percent-encoded?')
}
