import { describe, expect, it } from 'vitest'
import { unnoticedFlips } from './every-flip.ts'
import { absentTools, VECTORS } from './vectors.ts'

describe.skipIf(absentTools.length > 0)(`each byte of an image ${absentTools.join(', ')}`, () => {
  it.each(Object.entries(VECTORS))(
    '%s: no change goes unnoticed',
    async (_format, make) => {
      for (const vector of make()) expect(await unnoticedFlips(vector, 'some'), vector.name).toEqual([])
    },
    // Tens of thousands of images are looked at.
    300_000,
  )
})
