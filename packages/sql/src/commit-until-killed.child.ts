import { openEmbedded } from './embedded.ts'

// Run by embedded-durability.test.ts: commits numbers, one after the other, and says each one as soon as its commit has resolved.
const [directory = ''] = process.argv.slice(2)
const sql = await openEmbedded({ directory })
await sql.query('create table if not exists said (n int8 primary key)')
const [last] = await sql.query<{ n: number }>('select coalesce(max(n), 0) as n from said')
for (let n = (last?.n ?? 0) + 1; ; n++) {
  await sql.transaction((tx) => tx.query('insert into said values ($1)', [n]))
  process.stdout.write(`${n}\n`)
}
