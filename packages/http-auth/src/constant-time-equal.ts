import { timingSafeEqual } from 'node:crypto'

/** Equality of two texts in a time that does not tell where they differ. Their lengths are no secret. */
export function constantTimeEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')]
  return left.length === right.length && timingSafeEqual(left, right)
}
