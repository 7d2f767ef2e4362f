import { spawn } from 'node:child_process'
import { UsageError } from '../command.ts'

/** RSA of 8192 bits in base64 is 1368 characters. */
const MOST_ANSWER = 16 * 1024

/**
 * Runs what the person typed, in their own shell: it gets the bytes on its input and prints the signature, as bytes or in
 * base64. What it asks them (a PIN, a touch) goes to their terminal, and may take as long as they do.
 */
export async function runSigner(command: string, bytes: Buffer, signal: AbortSignal): Promise<Buffer> {
  const child = spawn(command, { shell: true, signal, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // One that does not read has ended: its exit code says more.
  child.stdin.on('error', () => undefined)
  child.stdin.end(bytes)
  const chunks: Buffer[] = []
  let length = 0
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= MOST_ANSWER) chunks.push(chunk)
    else {
      child.kill()
      // Whoever prints on behind the shell has nowhere to print to any more.
      child.stdout.destroy()
    }
  })
  const code = await ended
  if (length > MOST_ANSWER) throw new UsageError(`the signer printed more than any signature: ${MOST_ANSWER} bytes`)
  if (code !== 0) throw new UsageError(`the signer ended with ${code ?? 'a signal'}`)
  return Buffer.concat(chunks)
}
