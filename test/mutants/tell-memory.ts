// Loaded into the gateway's process: on a signal it tells what it holds that is no garbage. Resident memory alone says
// how busy it was, and how much the machine has.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as NodeJS.GCFunction

process.on('SIGUSR2', () => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  const time = new Date().toISOString()
  const entry = { level: 'info', time, service: 'mutants', event: 'mutants.memory', held: heapUsed + external }
  process.stdout.write(`${JSON.stringify(entry)}\n`)
})
