export interface ServerSentEvent {
  readonly event: string
  readonly data: string
}

const MAX_EVENT = 1_048_576

/** Reads a stream of server-sent events (WHATWG HTML 9.2): comments are skipped, an event over 1 MiB ends it. */
export async function* readServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const event = parseEvent(rest.slice(0, end))
      rest = rest.slice(end + 2)
      if (event !== undefined) yield event
    }
    if (rest.length > MAX_EVENT) throw new Error('an event exceeds 1 MiB')
  }
}

function parseEvent(text: string): ServerSentEvent | undefined {
  let event = 'message'
  const data: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim()
    if (line.startsWith('data:')) data.push(line.slice(5).trimStart())
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') }
}
