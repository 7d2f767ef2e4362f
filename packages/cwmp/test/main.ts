import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { corpusIsAbsent, readCorpus, whyAbsent } from './corpus.ts'
import { timeReaders } from './time-readers.ts'
import { tryMutants } from './try-mutants.ts'

const usage = `node packages/cwmp/test/main.ts --mutants N [--seed N] | --time

  --mutants N  answer N mutants of the reference messages (SLUICE_FIXTURES)
  --seed N     that they are made from (1)
  --time       CPU of reading XML: against fast-xml-parser, by size, and of hostile input
`

const print = (line: string) => void process.stdout.write(`${line}\n`)
const { values } = parseArgs({
  options: {
    mutants: { type: 'string' },
    seed: { type: 'string', default: '1' },
    time: { type: 'boolean', default: false },
  },
})
if (values.time) timeReaders(print)
else if (values.mutants === undefined) print(usage)
else if (corpusIsAbsent) {
  print(`there are no messages to mutate ${whyAbsent}`)
  process.exitCode = 1
} else {
  // Heaps are compared after a collection.
  setFlagsFromString('--expose-gc')
  globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction
  print(JSON.stringify(tryMutants(readCorpus(), Number(values.mutants), Number(values.seed)), null, 2))
}
