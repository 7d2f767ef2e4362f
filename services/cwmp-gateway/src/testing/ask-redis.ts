import { once } from 'node:events'
import { connect } from 'node:net'

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
