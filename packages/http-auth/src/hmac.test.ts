import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmacSha256 } from './hmac.ts'

test('whatever the key and the text, it is the HMAC of RFC 2104', () => {
  const secrets = fc.uint8Array({ minLength: 1, maxLength: 130 })
  const texts = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string()), { minLength: 1 })
  fc.assert(
    fc.property(secrets, texts, fc.constantFrom('hex' as const, 'base64url' as const), (secret, all, encoding) => {
      const key = createSecretKey(secret)
      for (const text of all) {
        const expected = createHmac('sha256', secret).update(text).digest(encoding)
        expect(hmacSha256(key, text, encoding)).toBe(expected)
        expect(hmacSha256(secret, text, encoding)).toBe(expected)
      }
    }),
  )
})
