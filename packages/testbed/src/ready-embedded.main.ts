import { execFileSync } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

// Run by ready-embedded.ts, in a process of its own: WebAssembly leaves hundreds of megabytes behind.
const [folder = ''] = process.argv.slice(2)
const data = join(folder, 'pgdata')
const database = await PGlite.create(data)
await database.close()
// In memory, the 128 MB that PostgreSQL would have as buffers are cleared at each opening: most of what that takes.
const settings = join(data, 'postgresql.conf')
const usual = readFileSync(settings)
appendFileSync(settings, `\nshared_buffers = '8MB'\n`)
execFileSync('tar', ['--format=ustar', '-cf', join(folder, 'pgdata.tar'), '-C', data, ...readdirSync(data)])
writeFileSync(settings, usual)
