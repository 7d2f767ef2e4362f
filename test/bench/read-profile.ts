import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What V8 writes with --cpu-prof; times in µs. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface Share {
  readonly name: string
  /** Of the time that was not idle, 0 to 1. */
  readonly share: number
}

export interface ProfileShares {
  /** Self time by package. */
  readonly packages: readonly Share[]
  /** Self time by function. */
  readonly functions: readonly Share[]
}

/** The newest profile of a folder, from an instant of the monotonic clock on: what came before is the start of the process. */
export function readProfile(folder: string, sinceMicroseconds: number): ProfileShares {
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .toSorted()
    .at(-1)
  if (newest === undefined) throw new Error(`no profile was written to ${folder}`)
  return sharesOf(JSON.parse(readFileSync(join(folder, newest), 'utf8')) as CpuProfile, sinceMicroseconds)
}

function sharesOf({ nodes, startTime, samples, timeDeltas }: CpuProfile, since: number): ProfileShares {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const packages = new Map<string, number>()
  const functions = new Map<string, number>()
  let at = startTime
  let busy = 0
  for (const [index, sample] of samples.entries()) {
    // A delta stands before its sample; the sample lasts until the next one.
    at += timeDeltas[index] ?? 0
    const lasts = timeDeltas[index + 1] ?? 0
    const frame = frames.get(sample)
    if (at < since || frame === undefined || frame.functionName === '(idle)') continue
    const owner = ownerOf(frame.url, frame.functionName)
    const name = `${frame.functionName || '(anonymous)'} (${owner}${frame.lineNumber < 0 ? '' : `:${frame.lineNumber + 1}`})`
    busy += lasts
    packages.set(owner, (packages.get(owner) ?? 0) + lasts)
    functions.set(name, (functions.get(name) ?? 0) + lasts)
  }
  const shares = (times: Map<string, number>) =>
    Array.from(times, ([name, time]) => ({ name, share: time / busy })).toSorted((a, b) => b.share - a.share)
  return { packages: shares(packages), functions: shares(functions) }
}

function ownerOf(url: string, functionName: string): string {
  if (functionName === '(garbage collector)') return 'garbage collector'
  const [, dependency] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  const [, own] = /\/(?:packages|services)\/([^/]+)\/src\//.exec(url) ?? []
  if (dependency !== undefined) return dependency
  if (own !== undefined) return own
  return /^node:(internal\/)?[\w]+/.exec(url)?.[0] ?? 'native'
}
