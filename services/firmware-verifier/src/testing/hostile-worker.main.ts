import { parentPort } from 'node:worker_threads'
import { NO_FACTS, type ImageParser, type ParsedImage } from '@sluice/firmware'
import { serveExaminations } from '../examine/serve-examinations.ts'

/** Fills the heap with what cannot be given back: 400 MB, which a thread without a limit of its own would take. */
function fillHeap(): number {
  const kept: unknown[] = []
  while (kept.length < 100) kept.push(Array.from({ length: 500_000 }).fill(kept.length))
  return kept.length
}

/** Memory that is not of the heap. */
function fillBuffers(): never {
  const kept: Buffer[] = []
  for (;;) if (kept.length < 1_200) kept.push(Buffer.alloc(1_048_576))
}

function loop(): never {
  for (;;);
}

const NOTHING: ParsedImage = {
  format: 'fit',
  facts: NO_FACTS,
  digests: [],
  signatures: [],
  unsigned: [],
}

/** What images of the tests do to who reads them, by the word they begin with. */
const DEEDS: Readonly<Record<string, (read: (length: number) => Promise<unknown>) => unknown>> = {
  'heap!': fillHeap,
  'buffers!': fillBuffers,
  'loop!': loop,
  'throw!': () => {
    throw new Error('a parser has a bug')
  },
  'exit!': () => process.exit(3),
  'greedy!': (read) => read(17 * 1_048_576),
  'outside!': (read) => read(1_001),
}

const hostile: ImageParser = {
  format: 'fit',
  recognises: ({ head }) => wordOf(head) in DEEDS,
  parse: async ({ read }) => {
    const head = await read({ start: 0, end: 9 })
    await DEEDS[wordOf(head)]!((length) => read({ start: 0, end: length }))
    return { kind: 'parsed', image: NOTHING }
  },
}

function wordOf(head: Uint8Array): string {
  return /^[a-z]+!/.exec(Buffer.from(head).toString('latin1'))?.[0] ?? ''
}

const plain: ImageParser = {
  format: 'raw',
  recognises: () => true,
  parse: async () => ({ kind: 'parsed', image: { ...NOTHING, format: 'raw' } }),
}

serveExaminations(parentPort!, [hostile, plain])
