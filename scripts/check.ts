import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

// Everything that has to hold before a change lands, in the order of how fast it tells. `--static` leaves the tests out.

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

const steps: [what: string, command: string, args: string[]][] = [
  ['format', bin('oxfmt'), ['--check', '.']],
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['types', bin('tsc'), ['-p', '.']],
  ['generated files', process.execPath, [join(root, 'scripts/generate.ts'), '--check']],
]
if (!process.argv.includes('--static')) steps.push(['tests, layers among them', bin('vitest'), ['run']])

for (const [what, command, args] of steps) {
  process.stdout.write(`\n== ${what}\n`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    process.stdout.write(`\n${what}: not as it has to be.\n`)
    process.exit(1)
  }
}
