import { decodePost, defaultLimits, type DecodeLimits } from '../src/index.ts'
import { readWithRepairs } from '../src/read-xml/read-with-repairs.ts'
import { readByLibrary } from './compare-readers.ts'
import { hostileInputs, informOfSize } from './hostile-inputs.ts'

/** Documents of 3 kB a CPU second, CPU by size, and what hostile input costs: printed as tables. */
export function timeReaders(print: (line: string) => void): void {
  const inform = informOfSize(3_000)
  const bytes = Buffer.from(inform)
  print(`An Inform of ${bytes.length} bytes:\n`)
  print('| reading                               | documents per CPU second |    µs |')
  print('| ------------------------------------- | -----------------------: | ----: |')
  const rows: readonly (readonly [string, () => unknown])[] = [
    ['fast-xml-parser, validated and shaped', () => readByLibrary(inform)],
    ['the reader of our own', () => readWithRepairs(inform, defaultLimits)],
    ['bytes to message (decodePost)', () => decodePost(bytes, 'text/xml')],
  ]
  for (const [name, work] of rows) {
    const micros = microsOf(work, 400)
    print(`| ${name.padEnd(37)} | ${(1e6 / micros).toFixed(0).padStart(24)} | ${micros.toFixed(1).padStart(5)} |`)
  }

  print('\nCPU by size, decodePost:\n\n| bytes   | ms      | ns per byte |\n| ------: | ------: | ----------: |')
  const points: (readonly [number, number])[] = []
  for (const size of [10_000, 40_000, 160_000, 640_000, 2_500_000, 4_000_000]) {
    const large = Buffer.from(informOfSize(size))
    const micros = microsOf(() => decodePost(large, 'text/xml', roomy), 300)
    points.push([large.length, micros])
    print(
      `| ${String(large.length).padStart(7)} | ${(micros / 1e3).toFixed(3).padStart(7)} | ${((micros * 1e3) / large.length).toFixed(2).padStart(11)} |`,
    )
  }
  print(`\nCPU grows with size to the power of ${exponentOf(points).toFixed(2)} (least squares of the logarithms).`)

  print('\nHostile input, twice: at its size, and twice as large.\n')
  print('| input                                   |     kB | answer              |    ms | twice as large, ms |')
  print('| --------------------------------------- | -----: | ------------------- | ----: | -----------------: |')
  for (const { name, make } of hostileInputs) {
    const [small, large] = [Buffer.from(make(1)), Buffer.from(make(2))]
    const post = decodePost(small, undefined, roomy)
    const answer = post.kind === 'malformed' ? post.code : post.kind
    const cost = [small, large].map((input) => microsOf(() => decodePost(input, undefined, roomy), 60) / 1e3)
    print(
      `| ${name.padEnd(39)} | ${(small.length / 1e3).toFixed(1).padStart(6)} | ${answer.padEnd(19)} | ${cost[0]!.toFixed(2).padStart(5)} | ${cost[1]!.toFixed(2).padStart(18)} |`,
    )
  }
}

/** So that nothing is refused for its size alone. */
const roomy: DecodeLimits = { ...defaultLimits, maxBytes: 64_000_000, maxMarkup: 5_000_000 }

function microsOf(work: () => unknown, forMs: number): number {
  for (const until = performance.now() + forMs / 2; performance.now() < until;) work()
  const before = process.cpuUsage()
  let runs = 0
  for (const until = performance.now() + forMs; performance.now() < until; runs += 1) work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / runs
}

function exponentOf(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const)
  const mean = (of: 0 | 1) => logs.reduce((sum, log) => sum + log[of], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  return (
    logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0) /
    logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0)
  )
}
