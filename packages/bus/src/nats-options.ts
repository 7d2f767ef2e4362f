import type { ConnectionOptions } from 'nats'

/** The servers of a comma-separated list, with the user, password or token that stands in the first URL that has one. */
export function natsOptions(urls: string): ConnectionOptions {
  const parsed = urls.split(',').map((url) => new URL(url.includes('://') ? url.trim() : `nats://${url.trim()}`))
  const signed = parsed.find(({ username }) => username !== '')
  const user = decodeURIComponent(signed?.username ?? '')
  const pass = decodeURIComponent(signed?.password ?? '')
  const signIn = user === '' ? {} : pass === '' ? { token: user } : { user, pass }
  return {
    servers: parsed.map(({ hostname, port }) => `${hostname}:${port || '4222'}`),
    ...signIn,
    ...(parsed.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
  }
}
