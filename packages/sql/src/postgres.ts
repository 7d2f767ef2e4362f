import pg from 'pg'
import { decodeValue } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'
import { SqlError } from './sql-error.ts'
import type { Queryable, Sql } from './sql.ts'
import { createTransactionScope } from './transaction-scope.ts'
import { translateError } from './translate-error.ts'

export type PostgresSettings = {
  readonly url: string
  /** Connections of this process; 10 unless told. */
  readonly maxConnections?: number
  /** The server cancels a statement then, and 2 s later we give up on the connection; 10,000 unless told. */
  readonly statementTimeoutMs?: number
  /** How long to wait for a connection; 5,000 unless told. */
  readonly connectTimeoutMs?: number
}

/** Opens a pool and checks that the server answers. Lost connections are replaced by themselves; what ran on them throws `unavailable`. */
export async function connectPostgres(settings: PostgresSettings): Promise<Sql> {
  const pool = openPool(settings)
  const scope = createTransactionScope()
  let state: 'up' | 'down' = 'down'
  let closing: Promise<void> | undefined
  pool.on('error', () => {
    state = 'down'
  })

  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work()
      state = 'up'
      return result
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
    return watched(() => run<Row>(pool, text, values))
  }

  const transaction = async <T>(work: (tx: Queryable) => Promise<T>): Promise<T> => {
    refuseMisuse()
    const client = await watched(() => pool.connect())
    const lost = watchForLoss(client)
    const execute = <Row>(text: string, values?: readonly unknown[]) => watched(() => run<Row>(client, text, values))
    try {
      return await scope.run(async () => {
        await execute('begin')
        const result = await workOrRollBack(client, execute, work, lost)
        await watched(() => commit(client))
        return result
      })
    } catch (error) {
      if (error instanceof SqlError && connectionEnders.has(error.code)) lost.note(error)
      throw error
    } finally {
      lost.stopWatching()
      client.release(lost.reason())
    }
  }

  const close = () => (closing ??= pool.end())

  try {
    await query('select 1')
  } catch (error) {
    await close()
    throw error
  }
  return { query, transaction, status: () => state, close }
}

const connectionEnders: ReadonlySet<string> = new Set(['unavailable', 'outcome_unknown', 'deadline'])

function openPool(settings: PostgresSettings): pg.Pool {
  const statementTimeoutMs = settings.statementTimeoutMs ?? 10_000
  return new pg.Pool({
    connectionString: settings.url,
    max: settings.maxConnections ?? 10,
    connectionTimeoutMillis: settings.connectTimeoutMs ?? 5_000,
    statement_timeout: statementTimeoutMs,
    // The server's own deadline speaks first, unless the server has stopped speaking.
    query_timeout: statementTimeoutMs + 2_000,
    // A process that hangs inside a transaction must not hold its locks for longer than others wait for them.
    idle_in_transaction_session_timeout: Math.ceil(0.6 * statementTimeoutMs),
    keepAlive: true,
    application_name: 'sluice',
    types: { getTypeParser: (typeId: number) => (text: string) => decodeValue(typeId, text) },
  })
}

async function run<Row>(target: pg.Pool | pg.ClientBase, text: string, values?: readonly unknown[]): Promise<Row[]> {
  const result = await target.query(text, values?.map(encodeValue))
  // Several statements in one text: node-postgres answers with a list.
  const last = Array.isArray(result) ? (result as pg.QueryResult[]).at(-1) : result
  return (last?.rows ?? []) as Row[]
}

type Execute = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>

async function workOrRollBack<T>(
  client: pg.PoolClient,
  execute: Execute,
  work: (tx: Queryable) => Promise<T>,
  lost: LossWatch,
): Promise<T> {
  const tx = oneAtATime(execute)
  try {
    return await work(tx)
  } catch (error) {
    await tx.finished()
    await client.query('rollback').catch((cause: Error) => lost.note(cause))
    throw error
  } finally {
    await tx.finished()
  }
}

/** Statements of one transaction in their order, however they were started, and none after its end. */
function oneAtATime(execute: Execute): Queryable & { finished(): Promise<void> } {
  let last: Promise<unknown> = Promise.resolve()
  let over = false
  return {
    query: async <Row>(text: string, values?: readonly unknown[]) => {
      if (over) throw new SqlError('invalid', 'the transaction is over')
      const turn = last.then(() => execute<Row>(text, values))
      last = turn.catch(() => {})
      return turn
    },
    finished: async () => {
      over = true
      await last
    },
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  let answer: pg.QueryResult
  try {
    answer = await client.query('commit')
  } catch (cause) {
    const error = translateError(cause)
    const mayHaveHappened =
      error.code === 'unavailable' || (error.code === 'deadline' && !(cause instanceof pg.DatabaseError))
    throw mayHaveHappened
      ? new SqlError('outcome_unknown', `the connection was lost during the commit: ${error.message}`, { cause })
      : error
  }
  // PostgreSQL answers COMMIT with ROLLBACK when a statement had failed and the failure was swallowed.
  if (answer.command === 'ROLLBACK')
    throw new SqlError('invalid', 'rolled back: a statement of this transaction had failed')
}

type LossWatch = { note(reason: Error): void; reason(): Error | undefined; stopWatching(): void }

/** Notes the loss of a connection while a transaction holds it, so that it is not handed out again. */
function watchForLoss(client: pg.PoolClient): LossWatch {
  let reason: Error | undefined
  const note = (error: Error) => {
    reason ??= error
  }
  client.on('error', note)
  return { note, reason: () => reason, stopWatching: () => client.off('error', note) }
}
