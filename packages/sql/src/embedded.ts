import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { decodeValue, decodedTypes } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'
import { lockDirectory } from './lock-directory.ts'
import { SqlError } from './sql-error.ts'
import type { Queryable, Sql } from './sql.ts'
import { createTransactionScope } from './transaction-scope.ts'
import { translateError } from './translate-error.ts'

export type EmbeddedSettings =
  | { readonly directory: string }
  /** `from`: a data folder as a tar archive; without, the database is made anew, which takes seconds. */
  | { readonly memory: true; readonly from?: Uint8Array<ArrayBuffer> }

/**
 * PostgreSQL in this process (PGlite), on disk or in memory. One connection: transactions wait for each other. There are no deadlines:
 * a statement runs to its end before anything else in the process. What was committed survives a kill -9 of the process, not a power cut.
 */
export async function openEmbedded(settings: EmbeddedSettings): Promise<Sql> {
  const { database, release } = await open(settings)
  const scope = createTransactionScope()
  let state: 'up' | 'down' = 'up'
  let closing: Promise<void> | undefined

  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      const error = translateError(cause)
      if (error.code === 'unavailable') state = 'down'
      throw error
    }
  }
  const refuseMisuse = () => {
    if (closing) throw new SqlError('closed', 'the database was closed')
    scope.refuseInside()
  }

  const query = async <Row>(text: string, values?: readonly unknown[]) => {
    refuseMisuse()
    return watched(() => run<Row>(database, text, values))
  }

  const transaction = async <T>(work: (tx: Queryable) => Promise<T>): Promise<T> => {
    refuseMisuse()
    let ownError: { readonly thrown: unknown } | undefined
    try {
      const result = await database.transaction((pgliteTx) =>
        scope.run(async () => {
          try {
            return await work({ query: (text, values) => watched(() => run(pgliteTx, text, values)) })
          } catch (thrown) {
            ownError = { thrown }
            throw thrown
          }
        }),
      )
      // PGlite leaves this out after a transaction (electric-sql/pglite#1065).
      await database.syncToFs()
      return result
    } catch (error) {
      if (ownError) throw ownError.thrown
      if (error instanceof Error && error.name === 'TransactionAbortedError') {
        throw new SqlError('invalid', 'rolled back: a statement of this transaction had failed', { cause: error })
      }
      return await watched(() => Promise.reject(error as Error))
    }
  }

  const close = () => (closing ??= database.close().finally(release))

  return { query, transaction, status: () => (closing ? 'down' : state), close }
}

async function open(settings: EmbeddedSettings): Promise<{ database: PGlite; release: () => void }> {
  if ('memory' in settings) {
    const { from } = settings
    return { database: await create(from === undefined ? {} : { loadDataDir: blobOf(from) }), release: () => {} }
  }
  mkdirSync(settings.directory, { recursive: true })
  const release = lockDirectory(settings.directory)
  try {
    return { database: await create({ dataDir: join(settings.directory, 'pgdata') }), release }
  } catch (cause) {
    release()
    throw new SqlError('unavailable', `the embedded database in ${settings.directory} cannot be opened`, { cause })
  }
}

async function create(options: Pick<PGliteOptions, 'dataDir' | 'loadDataDir'>): Promise<PGlite> {
  const database = await PGlite.create(options)
  // Values arrive as text already, and leave as on PostgreSQL.
  for (const typeId of Object.keys(database.serializers)) database.serializers[typeId] = (value: string) => value
  for (const typeId of new Set([...Object.keys(database.parsers), ...decodedTypes])) {
    database.parsers[typeId] = (text: string) => decodeValue(Number(typeId), text)
  }
  return database
}

/** PGlite asks for the bytes and nothing else: a Blob that held them would take longer to hand them out than PGlite to start. */
function blobOf(bytes: Uint8Array<ArrayBuffer>): Blob {
  return Object.assign(new Blob(), { arrayBuffer: async () => bytes.buffer })
}

async function run<Row>(
  target: Pick<PGlite, 'query' | 'exec'>,
  text: string,
  values?: readonly unknown[],
): Promise<Row[]> {
  if (values?.length) return (await target.query<Row>(text, values.map(encodeValue))).rows
  return ((await target.exec(text)).at(-1)?.rows ?? []) as Row[]
}
