export interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** The whole answers at the start of what was received, without 1xx ones; `rest` is what is not whole. */
export function readAnswers(received: string): { readonly answers: readonly Answer[]; readonly rest: string } {
  const answers: Answer[] = []
  let rest = received
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return { answers, rest }
    const head = rest.slice(0, end)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (rest.length < end + 4 + length) return { answers, rest }
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0)
    if (status < 100 || status > 199) answers.push({ status, head, body: rest.slice(end + 4, end + 4 + length) })
    rest = rest.slice(end + 4 + length)
  }
}

/** All that a CPE can be told; 503 is the one failure it may hear of. */
const STATUSES: readonly number[] = [200, 204, 400, 401, 403, 405, 408, 413, 415, 431, 503]

const HEADERS = [
  'accept-encoding', 'allow', 'connection', 'content-length', 'content-type', 'date', 'keep-alive', 'retry-after', 'set-cookie',
  'www-authenticate',
] // prettier-ignore

/** What is wrong with an answer; null: nothing. */
export function wrongIn({ status, head, body }: Answer): string | null {
  if (!STATUSES.includes(status)) return `status ${status}`
  const lines = head.split('\r\n').slice(1)
  const strange = lines.find((line) => !HEADERS.includes(/^[^:]*/.exec(line)![0].toLowerCase()))
  if (strange !== undefined) return `a header that is none of ours: ${JSON.stringify(strange)}`
  if (!lines.some((line) => /^content-length: \d+$/i.test(line))) return 'no Content-Length'
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(body)) return 'a control character in its body'
  if (status !== 200) return null
  return /^(?:<\?xml[^>]*>\s*)?<[\w-]+:Envelope [^]*<\/[\w-]+:Envelope>\s*$/.test(body) ? null : 'no envelope'
}
