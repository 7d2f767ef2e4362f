import { SqlError, type SqlErrorCode } from './sql-error.ts'

/** What drivers and the server throw, as our one error. By SQLSTATE (PostgreSQL Appendix A), then by what the socket said. */
export function translateError(error: unknown): SqlError {
  if (error instanceof SqlError) return error
  const { code, constraint, message } = readable(error)
  return new SqlError(codeFor(code, message), message, { cause: error, constraint })
}

function codeFor(sqlState: string, message: string): SqlErrorCode {
  if (sqlState === '57014') return 'deadline' // query_canceled: statement_timeout
  if (sqlState === '40001' || sqlState === '40P01' || sqlState === '55P03') return 'conflict'
  if (sqlState.startsWith('23')) return 'constraint'
  if (/^(08|53|57P|58)/.test(sqlState) || sqlState === '25P03' || sqlState === '25006') return 'unavailable'
  if (/^E[A-Z]+$/.test(sqlState)) return sqlState === 'ETIMEDOUT' ? 'deadline' : 'unavailable'
  if (/^[0-9A-Z]{5}$/.test(sqlState)) return 'invalid'
  if (/timeout|timed out/i.test(message)) return 'deadline'
  if (/connection|client|socket/i.test(message)) return 'unavailable'
  return 'invalid'
}

function readable(error: unknown): { code: string; constraint: string | undefined; message: string } {
  if (!(error instanceof Error)) return { code: '', constraint: undefined, message: String(error) }
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  const message = error.message || (error instanceof AggregateError ? error.errors.map(String).join('; ') : error.name)
  return {
    code: typeof code === 'string' ? code : '',
    constraint: typeof constraint === 'string' ? constraint : undefined,
    message,
  }
}
