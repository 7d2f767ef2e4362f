import { expect, test } from 'vitest'
import { OPERATIONS } from './index.ts'

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: unknown
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
  readonly patternProperties?: Readonly<Record<string, Shape>>
}

/** What Sluice alone says of anything: who did it, when, and how it stands. */
const OURS = new Set(
  'actor owner state stateReason createdBy createdAt updatedBy updatedAt counters outcomes approval verdict shipped'.split(
    ' ',
  ),
)

function mistakesIn(
  { properties, additionalProperties, items, anyOf, patternProperties }: Shape,
  path: string,
): string[] {
  const own = Object.entries(properties ?? {})
  return [
    ...(properties !== undefined && additionalProperties !== false ? [`${path} takes anything`] : []),
    ...own.flatMap(([name]) => (OURS.has(name) ? [`${path}.${name} is ours to say`] : [])),
    ...own.flatMap(([name, shape]) => mistakesIn(shape, `${path}.${name}`)),
    ...[...(items === undefined ? [] : [items]), ...(anyOf ?? []), ...Object.values(patternProperties ?? {})].flatMap(
      (shape) => mistakesIn(shape, path),
    ),
  ]
}

test('bad input 44: every object in a body names all that it takes, and nothing that is ours to say', () => {
  const found = Object.entries(OPERATIONS).flatMap(([name, { body }]) =>
    body === null || body === 'bytes' ? [] : mistakesIn(body as Shape, name),
  )
  expect(found).toEqual([])
})

test('the search finds an object that takes anything, and a field of ours, however deep', () => {
  const deep = { items: { anyOf: [{ properties: { state: {} } }] } }
  expect(mistakesIn(deep, 'x')).toEqual(['x takes anything', 'x.state is ours to say'])
})
