import type { ModelCheck } from './model-profile.ts'

export type CheckVerdict = 'passed' | 'failed' | 'unknown'

/** What a value that was read says to a check; undefined: it could not be read. */
export function checkValue({ must }: ModelCheck, value: string | undefined): CheckVerdict {
  if (value === undefined || value === '') return 'unknown'
  if ('equal' in must) return verdict(value === must.equal)
  if ('beOneOf' in must) return verdict(must.beOneOf.includes(value))
  if ('differFrom' in must) return verdict(value !== must.differFrom)
  const number = /^[+-]?\d+(?:\.\d+)?$/.test(value) ? Number(value) : null
  return number === null ? 'unknown' : verdict(number >= must.beAtLeast)
}

function verdict(isSo: boolean): CheckVerdict {
  return isSo ? 'passed' : 'failed'
}
