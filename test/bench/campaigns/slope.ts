/** The exponent k of the best n^k through these: the slope of a line through their logarithms. 0: does not grow; 1: in proportion. */
export function slopeOf(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const x = mean(logs.map(([size]) => size))
  const y = mean(logs.map(([, cost]) => cost))
  const covariance = logs.reduce((sum, [size, cost]) => sum + (size - x) * (cost - y), 0)
  const variance = logs.reduce((sum, [size]) => sum + (size - x) ** 2, 0)
  return covariance / variance
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}
