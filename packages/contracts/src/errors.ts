/**
 * Every error code that crosses a process: in bus replies, in problem+json, in the command line.
 * `status` is the HTTP status an edge answers with.
 */
export const ERROR_CODES = {
  invalid_request: {
    status: 400,
    meaning: 'The request does not fit its schema, or contradicts itself.',
  },
  unauthorized: { status: 401, meaning: 'The bearer token is missing, unknown or expired.' },
  forbidden: { status: 403, meaning: 'The token is known, but may not do this.' },
  not_found: { status: 404, meaning: 'There is nothing with this id.' },
  conflict: { status: 409, meaning: 'What stands already contradicts the request.' },
  artifact_not_trusted: {
    status: 409,
    meaning: 'The verifier has not trusted the artifact, or its trust was withdrawn.',
  },
  release_missing: { status: 409, meaning: 'No release covers the artifact: nobody has signed that it may run.' },
  release_expired: {
    status: 409,
    meaning: 'The release has expired; its vendor may sign a later one for the same image.',
  },
  release_revoked: { status: 409, meaning: 'The release was withdrawn, or a key that it leaned on was.' },
  release_does_not_cover: {
    status: 409,
    meaning: 'The release is not for these models, or not for what the artifact says of itself.',
  },
  release_refused: {
    status: 422,
    meaning: 'A release cannot be read, or too few trusted keys have signed it; the detail begins with the reason.',
  },
  campaign_state: { status: 409, meaning: 'The campaign is not in a state that allows this.' },
  too_large: { status: 413, meaning: 'The content exceeds its limit.' },
  source_refused: {
    status: 422,
    meaning: 'The URL to import from is not one that may be fetched.',
  },
  not_supported: {
    status: 501,
    meaning: 'This is not there yet, and is refused instead of pretended.',
  },
  unavailable: { status: 503, meaning: 'A part the answer depends on is away; try again later.' },
  deadline_exceeded: {
    status: 504,
    meaning: 'No answer came in time; whether it was carried out is unknown.',
  },
  internal: {
    status: 500,
    meaning: 'A promise was broken; the log has the cause under the trace id.',
  },
} as const satisfies Record<string, { status: number; meaning: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/** What a request is answered with, on the bus and inside one process alike. */
export type Reply<Data> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly error: { readonly code: ErrorCode; readonly detail: string } }

export function answered<Data>(data: Data): Reply<Data> {
  return { ok: true, data }
}

export function refused(code: ErrorCode, detail: string): Reply<never> {
  return { ok: false, error: { code, detail } }
}
