import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { unnoticedFlips } from './every-flip.ts'
import { tryMutants } from './try-mutants.ts'
import { absentTools, VECTORS } from './vectors.ts'

const usage = `node packages/firmware/test/main.ts --mutants N [--seed N] [--format NAME] | --flips [--format NAME]

  --mutants N    read N mutants of the images of each format
  --seed N       that they are made from (1)
  --flips        change each byte of each image to each other value
  --format NAME  of one format alone: ${Object.keys(VECTORS).join(', ')}
`

const print = (line: string) => void process.stdout.write(`${line}\n`)
const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    mutants: { type: 'string' },
    seed: { type: 'string', default: '1' },
    flips: { type: 'boolean', default: false },
    format: { type: 'string' },
  },
})
if (values.mutants === undefined && !values.flips) print(usage)
else if (absentTools.length > 0) {
  print(`there are no images: ${absentTools.join(', ')} are not installed`)
  process.exitCode = 1
} else {
  // Heaps are compared after a collection.
  setFlagsFromString('--expose-gc')
  globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction
  const vectors = Object.entries(VECTORS).map(([format, make]) => [format, make()] as const)
  for (const [format, some] of vectors.filter(([name]) => (values.format ?? name) === name)) {
    if (values.flips) {
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
      print(JSON.stringify(await tryMutants(some, others, Number(values.mutants), Number(values.seed)), null, 2))
    }
  }
}
