/**
 * The order of software versions as people write them: what is a number in both compares as a number, `1.9` before
 * `1.10`. What separates them does not count, a letter comes before a number, and less before more. Any two compare, and
 * consistently; whether that is what their vendor means, nobody can know.
 */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)]
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const order = compareParts(x[i], y[i])
    if (order !== 0) return order
  }
  return 0
}

function partsOf(version: string): readonly string[] {
  return version.toLowerCase().match(/\d+|\p{L}+/gu) ?? []
}

function compareParts(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  const numbers = [isNumber(a), isNumber(b)] as const
  if (numbers[0] !== numbers[1]) return numbers[0] ? 1 : -1
  if (!numbers[0]) return a < b ? -1 : a > b ? 1 : 0
  const [x, y] = [withoutZeros(a), withoutZeros(b)]
  return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0)
}

function isNumber(part: string): boolean {
  return /^\d/.test(part)
}

/** Of any length: as text, since a date with a build number is beyond what a number holds exactly. */
function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '')
}
