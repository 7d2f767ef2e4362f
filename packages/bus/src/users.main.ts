import { parseArgs } from 'node:util'
import { BusError } from './bus-error.ts'
import { allRights, natsUsers } from './subject-rights.ts'

/** Prints the users of NATS: `node packages/bus/src/users.main.ts oss billing > deploy/nats/users.conf`. */
try {
  const { positionals } = parseArgs({ allowPositionals: true })
  process.stdout.write(natsUsers(allRights(positionals)))
} catch (error) {
  if (!(error instanceof BusError) && !(error instanceof TypeError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
