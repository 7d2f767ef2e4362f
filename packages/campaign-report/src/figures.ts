/** Figures as people read them. */

export const count = (n: number): string => n.toLocaleString('en')

/** Of a whole: `12.5 %`; never `100 %` or `0 %` where it is not. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–'
  const percent = (part / whole) * 100
  if (part > 0 && percent < 0.1) return '< 0.1 %'
  if (part < whole && percent > 99.9) return '> 99.9 %'
  return `${Number.isInteger(percent) ? percent : percent.toFixed(1)} %`
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 60_000) return `${trim(ms / 1_000)} s`
  if (ms < 3_600_000) return two(ms, 60_000, 'min', 1_000, 's')
  if (ms < 86_400_000) return two(ms, 3_600_000, 'h', 60_000, 'min')
  return two(ms, 86_400_000, 'd', 3_600_000, 'h')
}

const trim = (n: number): string => n.toFixed(1).replace(/\.0$/, '')

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / large)
  const rest = Math.floor((ms - whole * large) / small)
  return rest === 0 ? `${whole} ${largeName}` : `${whole} ${largeName} ${rest} ${smallName}`
}

/** `2026-11-21 16:05` in UTC. */
export const minute = (time: string): string => time.slice(0, 16).replace('T', ' ')

/** `image_rejected` as words. */
export const words = (code: string): string => code.replaceAll('_', ' ')
