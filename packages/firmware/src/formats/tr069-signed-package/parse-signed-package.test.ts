import { expect, it } from 'vitest'
import { expectEveryFlipNoticed } from '../../../test/every-flip.ts'
import { lookAtImage } from '../../../test/look-at-image.ts'
import { Workshop } from '../../../test/pki.ts'
import { signedPackageVector } from '../../../test/vectors/signed-package.ts'

it('verifies', async () => {
  using workshop = new Workshop()
  const vector = signedPackageVector(workshop)
  console.log(vector.bytes.length)
  console.dir(await lookAtImage(vector), { depth: 9 })
  expect(1).toBe(1)
})
it('flips', { timeout: 300_000 }, async () => {
  using workshop = new Workshop()
  const start = Date.now()
  await expectEveryFlipNoticed(signedPackageVector(workshop))
  console.log(Date.now() - start)
})
