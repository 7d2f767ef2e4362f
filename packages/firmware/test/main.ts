import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { unnoticedFlips } from './every-flip.ts'
import { type Options, readOptions, usageOf } from './options.ts'
import { tryMutants } from './try-mutants.ts'
import { absentTools, VECTORS } from './vectors.ts'

const print = (line: string) => void process.stdout.write(`${line}\n`)
const known = Object.keys(VECTORS)

const { formats, mutants, seed } = read()
// Heaps are compared after a collection.
setFlagsFromString('--expose-gc')
globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction
const vectors = Object.entries(VECTORS).map(([format, make]) => [format, make()] as const)
for (const [format, some] of vectors.filter(([name]) => formats.includes(name))) {
  if (mutants === null) {
    for (const vector of some) {
      const unnoticed = await unnoticedFlips(vector, 'all')
      if (unnoticed.length > 0) process.exitCode = 1
      print(
        `${vector.name}: ${vector.bytes.length} bytes, ${255 * vector.bytes.length} changes, ${unnoticed.length} unnoticed`,
      )
      unnoticed.forEach(print)
    }
  } else {
    const others = vectors.flatMap(([name, more]) => (name === format ? [] : more))
    print(JSON.stringify(await tryMutants(some, others, mutants, seed), null, 2))
  }
}

function read(): Options {
  try {
    const found = readOptions(process.argv.slice(2), known)
    if (found === null) {
      process.stdout.write(usageOf(known))
      process.exit(0)
    }
    if (absentTools.length > 0) throw new Error(`there are no images: ${absentTools.join(', ')} are not installed`)
    return found
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(2)
  }
}
