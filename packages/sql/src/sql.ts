/** Runs one statement. `values` stand for `$1`, `$2`...; without values the text may hold several statements (the last one's rows come back). */
export interface Queryable {
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>
}

/**
 * The port to relational state. Both implementations read and write values alike:
 *
 * | column                          | read as                                              |
 * |---------------------------------|------------------------------------------------------|
 * | int2, int4, int8, float4, float8| number (an int8 beyond 2^53 throws `invalid`)        |
 * | timestamptz                     | number: epoch milliseconds                           |
 * | json, jsonb                     | the parsed value                                     |
 * | bytea                           | Uint8Array                                           |
 * | bool                            | boolean                                              |
 * | arrays of these                 | arrays                                               |
 * | everything else (text, numeric, date, uuid) | string                                   |
 *
 * Times are stored as `bigint` epoch milliseconds; `timestamptz` is only read (`now()`). JSON is written with `json(value)`;
 * a bare JavaScript array is written as an SQL array (`= any($1)`), other bare objects as JSON.
 */
export interface Sql extends Queryable {
  /** Commits when `work` resolves, rolls back when it rejects. Await nothing but `tx` inside. A nested one throws `nested_transaction`. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  /** What the last contact with the database showed; for a readiness probe. */
  status(): 'up' | 'down'
  /** Waits for the running statements (bounded), then lets go of the connections. Everything afterwards throws `closed`. */
  close(): Promise<void>
}

export type Migration = { readonly id: string; readonly sql: string }
