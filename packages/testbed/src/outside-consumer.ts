import { connect, type Msg } from 'nats'

/** An OSS on the bus: it shares no code with ours, and does what docs/integration.md says. */
export interface OutsideConsumer {
  /** `campaign.get`, in its own name. Resolves to the data of the reply; rejects with the code of a refusal. */
  ask<T>(request: string, input: object): Promise<T>
  /** Until it is closed. */
  follow(subject: string, hear: (data: unknown) => void): void
  answer(subject: string, answer: (question: unknown) => object): void
  /** Whatever it was told, as it came. */
  heard(): string
  close(): Promise<void>
}

/** `url` has its user and password. */
export async function connectOutside(url: string): Promise<OutsideConsumer> {
  const { username, password, host } = new URL(url)
  const connection = await connect({
    servers: host,
    user: username,
    pass: password,
    inboxPrefix: `_INBOX_${username}`,
  })
  const texts: string[] = []
  const read = (message: Msg): unknown => {
    texts.push(message.string())
    return message.json()
  }
  return {
    async ask<T>(request: string, input: object) {
      const subject = `sluice.v1.${request}.${username}`
      const reply = await connection.request(subject, JSON.stringify(input), { timeout: 30_000 })
      const told = read(reply) as { ok: true; data: T } | { ok: false; error: { code: string; detail: string } }
      if (told.ok) return told.data
      throw new Error(`${request}: ${told.error.code}: ${told.error.detail}`)
    },
    follow(subject, hear) {
      connection.subscribe(subject, { callback: (error, message) => void (error === null && hear(read(message))) })
    },
    answer(subject, answer) {
      const respond = (message: Msg) => message.respond(JSON.stringify(answer(read(message))))
      connection.subscribe(subject, {
        queue: username,
        callback: (error, message) => void (error === null && respond(message)),
      })
    },
    heard: () => texts.join('\n'),
    close: () => connection.close(),
  }
}
