import { connect } from './connection.ts'
import { runCli } from './run-cli.ts'
import { createScreen } from './screen.ts'

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())

process.exitCode = await runCli(process.argv.slice(2), {
  connect: () => connect(process.env),
  say: (line) => console.log(line),
  complain: (line) => console.error(line),
  screen: process.stdout.isTTY ? createScreen(process.stdout) : null,
  signal: interrupted.signal,
})
