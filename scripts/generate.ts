import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { allRights, natsUsers } from '../packages/bus/src/index.ts'
import { asyncApi } from './generate/async-api.ts'
import { campaignPage, conformancePage } from './generate/conformance-page.ts'
import { errorsPage } from './generate/errors-page.ts'
import { messagesPage } from './generate/messages-page.ts'
import { openApi } from './generate/open-api.ts'
import { settingsPage } from './generate/settings-page.ts'
import { upgradeMachinePage } from './generate/upgrade-machine-page.ts'

// Writes every file that follows from the code. `--check` writes nothing, and fails where one is stale.

const root = join(import.meta.dirname, '..')
const json = (value: unknown): string => JSON.stringify(value, null, 2) + '\n'

const files: Record<string, string> = {
  'services/operator-api/src/generated/openapi.json': json(openApi()),
  'docs/reference/generated/asyncapi.json': json(asyncApi()),
  'deploy/nats/users.conf': natsUsers(allRights()),
  'docs/reference/conformance.md': conformancePage(),
  'docs/reference/campaign-conformance.md': campaignPage(),
  'docs/reference/errors.md': errorsPage(),
  'docs/reference/messages.md': messagesPage(),
  'docs/reference/settings.md': settingsPage(),
  'docs/reference/upgrade-machine.md': upgradeMachinePage(),
}

const stale: string[] = []
for (const [path, content] of Object.entries(files)) {
  const full = join(root, path)
  const formatted = path.endsWith('.md') ? format(full, content) : content
  if (readOr(full) === formatted) continue
  stale.push(path)
  if (process.argv.includes('--check')) continue
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, formatted)
}

if (process.argv.includes('--check') && stale.length > 0) {
  process.stderr.write(`stale: ${stale.join(', ')}\nrun: npx -y pnpm@12 generate\n`)
  process.exit(1)
}
process.stdout.write(stale.length === 0 ? 'generated files are as they have to be\n' : `written: ${stale.join(', ')}\n`)

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function format(path: string, content: string): string {
  const formatter = spawnSync(join(root, 'node_modules/.bin/oxfmt'), ['--stdin-filepath', path], {
    cwd: root,
    input: content,
    encoding: 'utf8',
  })
  if (formatter.status !== 0) throw new Error(`oxfmt failed on ${path}: ${formatter.stderr}`)
  return formatter.stdout
}
