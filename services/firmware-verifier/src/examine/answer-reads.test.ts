import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { answerReads } from './answer-reads.ts'

it('a file that cannot be read on says that the store is away, and nothing against the image', async () => {
  const cause = Object.assign(new Error('i/o error, read'), { code: 'EIO' })
  const stream = () =>
    new Readable({
      read() {
        this.destroy(cause)
      },
    })
  const read = async () => Buffer.alloc(1)
  const reads = answerReads({ kind: 'open', size: 1, stream, read, close: async () => undefined })
  await expect(reads.bring({ kind: 'next' })).rejects.toMatchObject({ code: 'unavailable', cause })
  expect(reads.owed()).toBe(0)
})
