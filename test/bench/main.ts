import { commands } from './campaigns/commands.ts'

try {
  const [name = '', ...args] = process.argv.slice(2).filter((arg) => arg !== '--')
  const command = commands[name]
  if (command !== undefined) await command(args)
  // Loaded when it is asked for: a command may measure its own memory.
  else await (await import('./idle-sessions.ts')).benchIdleSessions(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
