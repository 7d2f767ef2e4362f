import { brokenPromises } from './broken-promises.ts'
import { readCorpus } from './corpus.ts'
import { readOptions, usage } from './options.ts'
import { summaryOf } from './summary.ts'
import { tryGateway } from './try-gateway.ts'

const print = (text: string) => void process.stdout.write(`${text}\n`)
const say = (text: string) => void process.stderr.write(`${text}\n`)

try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) print(usage)
  else {
    const findings = await tryGateway(readCorpus(process.env['SLUICE_FIXTURES'] ?? ''), options, say)
    print(summaryOf(findings))
    const broken = brokenPromises(findings)
    if (broken.length > 0) throw new Error(`\n${broken.join('\n')}`)
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
