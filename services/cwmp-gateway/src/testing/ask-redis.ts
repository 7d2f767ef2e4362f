import { once } from 'node:events'
import { connect } from 'node:net'
import { waitUntil } from '@sluice/testbed'

/** One inline command, past every client; the reply as Redis writes it. */
export async function askRedis(url: string, command: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.end(`${command}\r\nQUIT\r\n`)
  let reply = ''
  for await (const chunk of socket) reply += String(chunk)
  return reply
}

/** From now on notes every command that Redis is given, until they are asked for. */
export async function watchRedis(url: string): Promise<() => Promise<string[]>> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let seen = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk))
  socket.write('MONITOR\r\n')
  await waitUntil(() => seen.startsWith('+OK'))
  return async () => {
    // Whatever was done before is told before.
    await askRedis(url, 'ECHO all-was-told')
    await waitUntil(() => seen.includes('all-was-told'))
    socket.destroy()
    return seen.split('\r\n')
  }
}
