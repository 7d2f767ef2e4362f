import { readOptions, usage } from './options.ts'
import { runSeed } from './run-seed.ts'

const options = read()
const say = (line: string) => void process.stderr.write(`${line}\n`)
// The processes it waits for do not keep it alive by themselves.
setInterval(() => {}, 60_000)
let failed = 0
for (let seed = options.seed; seed < options.seed + options.seeds; seed += 1) {
  const { campaign, seconds, violations, output } = await runSeed(seed, options.devices, say)
  const verdict = violations.length === 0 && campaign.state === 'finished' ? 'holds' : 'DOES NOT HOLD'
  process.stdout.write(
    `seed ${seed}: ${verdict}; ${campaign.state} after ${seconds} s, ${JSON.stringify(campaign.outcomes)}\n`,
  )
  for (const { rule, detail, seq, story = [] } of violations) {
    process.stdout.write(`  ${rule}: ${detail} (${seq ?? '-'})\n`)
    for (const line of story) process.stdout.write(`    ${line}\n`)
  }
  if (verdict === 'holds') continue
  failed += 1
  say(output)
}
process.stdout.write(`${options.seeds - failed} of ${options.seeds} seeds hold\n`)
process.exit(failed === 0 ? 0 : 1)

function read() {
  try {
    const found = readOptions(process.argv.slice(2))
    if (found !== null) return found
    process.stdout.write(usage)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(2)
  }
}
