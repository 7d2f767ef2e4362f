import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { deviceCredential, deviceImport, taskCreate, taskGet } from './index.ts'
import { ANSWERED_OUTSIDE, PUBLIC_EVENTS, PUBLIC_REQUESTS } from './public-messages.ts'

const SECRET =
  /pass(word|phrase)?$|secret|ha1$|token$|credential|privatekey|psk|authorization|(connectionRequest|upload|download).*url|^username$|^results?$/i

/**
 * Fields that sound like it and are not: who a device says it is, and addresses whose user names and passwords are refused
 * where they come in.
 */
const HARMLESS = new Set(['device.get.output.username', 'device.list.output.items.username'])

/** Every field of a schema by its path. */
function fieldsOf(schema: unknown, path: string, depth = 0): string[] {
  if (typeof schema !== 'object' || schema === null || depth > 40) return []
  const { properties, items, anyOf, allOf, patternProperties, additionalProperties } = schema as Record<string, unknown>
  const named = Object.entries((properties ?? {}) as Record<string, TSchema>).flatMap(([name, one]) => [
    `${path}.${name}`,
    ...fieldsOf(one, `${path}.${name}`, depth + 1),
  ])
  const inside = [items, ...((anyOf ?? []) as unknown[]), ...((allOf ?? []) as unknown[]), additionalProperties]
  return [
    ...named,
    ...[...inside, ...Object.values((patternProperties ?? {}) as object)].flatMap((one) =>
      fieldsOf(one, path, depth + 1),
    ),
  ]
}

const secretsIn = (path: string, schema: TSchema) =>
  fieldsOf(schema, path).filter((field) => SECRET.test(field.split('.').at(-1)!) && !HARMLESS.has(field))

test('nothing secret travels on what OSS/BSS may ask, hear or answer', () => {
  const requests = [...PUBLIC_REQUESTS, ...ANSWERED_OUTSIDE].flatMap(({ name, input, output }) => [
    ...secretsIn(`${name}.input`, input),
    ...secretsIn(`${name}.output`, output),
  ])
  const events = PUBLIC_EVENTS.flatMap(({ name, data }) => secretsIn(name, data))
  expect([...requests, ...events]).toEqual([])
})

test('the search for secrets finds those that there are', () => {
  expect(secretsIn('x', deviceCredential.output)).toContain('x.candidates.ha1')
  expect(secretsIn('x', deviceImport.input)).toContain('x.items.password')
  // What a device answered may have what its subscriber set.
  expect(secretsIn('x', taskGet.output)).toContain('x.result')
  expect(secretsIn('x', taskCreate.input).some((field) => field.endsWith('.password'))).toBe(true)
})

test('what the outside may hear is live: no stream keeps it for them', () => {
  expect(PUBLIC_EVENTS.filter(({ delivery }) => delivery !== 'live')).toEqual([])
})

test('docs/integration.md names every public request, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/integration.md'), 'utf8')
  const [, list = ''] = page.split('## Public requests\n\n')
  const named = [...list.split('\n')[0]!.matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map(([, name]) => name!)
  expect(named.toSorted()).toEqual(PUBLIC_REQUESTS.map(({ name }) => name).toSorted())
})
