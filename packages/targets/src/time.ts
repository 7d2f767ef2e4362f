const DATE = '0000-00-00'
const TIME = '0000-00-00T00:00:00'

/** Epoch milliseconds of `2026-01-31` (its first moment in UTC), or of RFC 3339 with its offset; undefined where it is neither. */
export function instantOf(text: string): number | undefined {
  if (text.length > 40) return undefined
  const zoned = hasShape(text, DATE) && text.length === DATE.length ? `${text}T00:00:00Z` : text
  if (!hasShape(zoned, TIME) || zoned.includes('[')) return undefined
  try {
    return Temporal.Instant.from(zoned).epochMilliseconds
  } catch {
    return undefined
  }
}

/** Digits where the shape has zeros, and its other characters where they are: Temporal reads more than that. */
function hasShape(text: string, shape: string): boolean {
  for (let index = 0; index < shape.length; index += 1) {
    const given = text.charAt(index)
    const fits = shape[index] === '0' ? given >= '0' && given <= '9' : given === shape[index]
    if (!fits) return false
  }
  return true
}
