import type { MessagePort } from 'node:worker_threads'
import { examineImage, readPublicKey, type ImageParser, type PublicKey } from '@sluice/firmware'
import type { AskedOfWorker, FromWorker, ToWorker } from './messages.ts'

/** The worker's side: examines one image after the other. It has bytes and public keys, and asks for nothing else. */
export function serveExaminations(port: MessagePort, parsers?: readonly ImageParser[]): void {
  const waiting: ((bytes: Uint8Array | null) => void)[] = []
  const say = (message: FromWorker) => port.postMessage(message)
  const ask = (message: FromWorker) =>
    new Promise<Uint8Array | null>((resolve) => {
      waiting.push(resolve)
      say(message)
    })
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'bytes') waiting.shift()?.(message.bytes)
    // A rejection ends the worker: whoever started it hears why.
    else void examine(message.asked, ask, parsers).then((findings) => say({ kind: 'found', findings }))
  })
  say({ kind: 'ready' })
}

type Ask = (message: FromWorker) => Promise<Uint8Array | null>

async function examine({ size, keys, ...asked }: AskedOfWorker, ask: Ask, parsers: readonly ImageParser[] | undefined) {
  const image = {
    size,
    read: async ({ start, end }: { start: number; end: number }) => {
      if (start === end) return new Uint8Array(0)
      return (await ask({ kind: 'read', span: { start, end } }))!
    },
    stream: () => pieces(ask),
  }
  return examineImage(image, { ...asked, keys: keys.map(readKey), ...(parsers && { parsers }) })
}

/** One piece is on its way while the one before is looked at. */
async function* pieces(ask: Ask): AsyncGenerator<Uint8Array> {
  let coming = ask({ kind: 'next' })
  for (;;) {
    const piece = await coming
    if (piece === null) return
    coming = ask({ kind: 'next' })
    yield piece
  }
}

function readKey(text: string): PublicKey {
  const read = readPublicKey(text)
  if (read.kind === 'refused') throw new Error(`a key of the trust store cannot be read: ${read.code}`)
  return read.publicKey
}
