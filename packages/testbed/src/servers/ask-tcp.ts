import { connect } from 'node:net'

/** Connects, sends `question`, and resolves with the first bytes that come back. For readiness probes. */
export function askTcp(port: number, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    socket.setEncoding('utf8')
    socket.once('connect', () => question && socket.write(question))
    socket.once('data', (answer: string) => {
      socket.destroy()
      resolve(answer)
    })
    socket.once('timeout', () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed without an answer')))
  })
}
