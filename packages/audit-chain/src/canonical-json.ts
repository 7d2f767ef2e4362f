/**
 * One text for one JSON value: the keys of objects in the order of their UTF-16 units, those that look like array indexes
 * before all others and by number, as JavaScript orders them. What is sealed was hashed as this text: it never changes.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(ordered(value))
}

/** The same value with the members of its objects in their order: one look at each, then one native write. */
function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(ordered)
  const members = value as Readonly<Record<string, unknown>>
  const keys = Object.keys(members)
  // An own member of this name would be taken for the prototype.
  if (keys.includes('__proto__')) return Object.fromEntries(keys.sort().map((key) => [key, ordered(members[key])]))
  const copy: Record<string, unknown> = {}
  for (const key of keys.sort()) copy[key] = ordered(members[key])
  return copy
}
