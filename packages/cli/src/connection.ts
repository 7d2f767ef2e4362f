import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createClient } from '@sluice/client'
import { UsageError } from './command.ts'

/** Where `start` keeps the token it made, for who works on the same machine. */
const LOCAL_TOKEN = join('.sluice', 'operator-token')

/** From the environment, or from the state folder of a system started here. */
export function connect(environment: Readonly<Record<string, string | undefined>>): Client {
  const url = environment['SLUICE_URL'] ?? 'http://127.0.0.1:8080'
  const token = environment['SLUICE_TOKEN'] ?? localToken()
  if (token === undefined) {
    throw new UsageError(`no token: set SLUICE_TOKEN, or run this beside the ${LOCAL_TOKEN} of a started system`)
  }
  if (!URL.canParse(url)) throw new UsageError(`SLUICE_URL is no URL: ${url}`)
  return createClient({ url, token })
}

function localToken(): string | undefined {
  return existsSync(LOCAL_TOKEN) ? readFileSync(LOCAL_TOKEN, 'utf8').trim() : undefined
}
