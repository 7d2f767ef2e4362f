import { ERROR_CODES } from '@sluice/contracts'

/** Every code an answer may carry. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { status, meaning }]) => `| \`${code}\` | ${status} | ${meaning} |`,
  )
  return [
    '# Error codes',
    '',
    'The REST interface answers with `application/problem+json` and one of these in `code`; the bus answers `{ ok: false, error: { code, detail } }`; the command line prints them.',
    '',
    '| code | HTTP status | what it says |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
