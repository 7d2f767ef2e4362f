import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('a witness shares no code with what it judges: it imports nothing but Node and itself', () => {
  const folder = new URL('.', import.meta.url)
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  const imported = sources.flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g)].map(
      ([, from]) => from,
    ),
  )
  expect(imported.length).toBeGreaterThan(50)
  expect(imported.filter((from) => !/^(node:|\.{1,2}\/(?!\.\.))/.test(from ?? ''))).toEqual([])
})
