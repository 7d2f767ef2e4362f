import type { CpeMessage, DecodedPost } from '../index.ts'

/** One line about what was read of a POST: kinds, the figures that matter, then the warnings behind a semicolon. */
export function summaryOf(post: DecodedPost): string {
  if (post.kind === 'empty') return 'empty'
  if (post.kind === 'malformed') return `refused: ${post.code}`
  const messages = post.envelopes.map(({ body }) => messageSummary(body)).join(' + ')
  const warnings = post.warnings.map(({ code }) => code).toSorted()
  return warnings.length === 0 ? messages : `${messages}; ${warnings.join(' ')}`
}

function messageSummary(body: CpeMessage): string {
  return [body.kind, ...figuresOf(body)].join(' ')
}

function figuresOf(body: CpeMessage): readonly (string | number)[] {
  if (body.kind === 'inform') {
    return [`[${body.events.map(({ code }) => code).join(', ')}]`, `${body.parameters.length} parameters`]
  }
  if (body.kind === 'transfer_complete') return [`"${body.commandKey}"`, body.faultCode]
  if (body.kind === 'fault') return [body.code, ...body.parameterFaults.map(({ name, code }) => `${name}=${code}`)]
  if (body.kind === 'unknown_request' || body.kind === 'unknown_response') return [body.method]
  if ('status' in body) return [body.status]
  if ('parameters' in body) return [`${body.parameters.length} parameters`]
  if ('methods' in body) return [`${body.methods.length} methods`]
  if ('transfers' in body) return [`${body.transfers.length} transfers`]
  return 'faultCode' in body ? [body.faultCode] : []
}
