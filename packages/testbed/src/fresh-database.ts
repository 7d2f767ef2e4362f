import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** A new, empty database on the server behind `url`; gone with the server. */
export async function freshDatabase(url: string): Promise<string> {
  const name = `t_${freshNamespace()}`
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    await client.query(`create database ${name}`)
  } finally {
    await client.end()
  }
  const fresh = new URL(url)
  fresh.pathname = `/${name}`
  return fresh.href
}

/** A word nobody else uses on a shared server: a key prefix, a stream name, a schema. Starts with a letter, `[a-z0-9]` only. */
export function freshNamespace(): string {
  return `n${randomBytes(6).toString('hex')}`
}
