import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Stage } from './stages.ts'

/**
 * Stands between devices and two gateways. Takes turns between them, but for what leads to the stage that is asked for:
 * that goes to the doomed one, and whoever reaches the stage waits there.
 */
export interface StageBarrier {
  readonly url: string
  /** From now on sessions that reach this stage are held there. */
  holdAt(stage: Stage): void
  held(): number
  /** Posts that the doomed gateway has and has not answered. */
  openAtDoomed(): number
  /** What is held goes on, and nothing is held any more. */
  letGo(): void
  /** The doomed gateway is dead: connections whose posts it had are cut, and the other one gets everything. */
  cut(): void
  close(): Promise<void>
}

interface Held {
  readonly connection: ServerResponse
  readonly goOn: () => void
}

interface Answered {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  readonly body: Buffer
}

const PER_HOP = /^(connection|keep-alive|transfer-encoding|content-length)$/i

export async function createStageBarrier(doomed: string, other: string): Promise<StageBarrier> {
  let stage: Stage | null = null
  let isDead = false
  let turn = 0
  const held = new Set<Held>()
  let openAtDoomed = 0

  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', () => {})
    void carry(incoming, outgoing).catch(() => outgoing.destroy())
  })

  const carry = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await readAll(incoming)
    const post = body.toString('utf8')
    await holdIfReached(post, null, outgoing)
    const target = chooseTarget(post)
    if (target === doomed) openAtDoomed += 1
    const answer = await ask(target, incoming, body).finally(() => {
      if (target === doomed) openAtDoomed -= 1
    })
    await holdIfReached(post, answer.body.toString('utf8'), outgoing)
    if (outgoing.destroyed) return
    outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length }).end(answer.body)
  }

  const chooseTarget = (post: string): string => {
    if (isDead) return other
    if (stage?.leadsThere(post) === true) return doomed
    turn += 1
    return turn % 2 === 0 ? doomed : other
  }

  /** Goes on when it is let go; never, when it is cut. */
  const holdIfReached = async (post: string, answer: string | null, connection: ServerResponse): Promise<void> => {
    if (stage === null || isDead || !stage.isReached({ post, answer })) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const one = { connection, goOn: resolve }
    held.add(one)
    connection.once('close', () => held.delete(one))
    await promise
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    holdAt: (wanted) => {
      stage = wanted
    },
    held: () => held.size,
    openAtDoomed: () => openAtDoomed,
    letGo: () => {
      // What was let go must not be held again by the same rule.
      stage = stage && { ...stage, isReached: () => false }
      for (const one of held) one.goOn()
      held.clear()
    },
    cut: () => {
      isDead = true
      for (const { connection } of held) connection.destroy()
      held.clear()
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** One connection for each post, as long as it takes. Rejects when the gateway dies with it. */
function ask(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(incoming.url ?? '/', target), {
      agent: false,
      method: incoming.method ?? 'POST',
      headers: { ...endToEnd(incoming.rawHeaders), 'content-length': body.length },
    })
    asked.on('error', reject)
    asked.on('response', (answer) => {
      readAll(answer).then(
        (all) => resolve({ status: answer.statusCode ?? 502, headers: endToEnd(answer.rawHeaders), body: all }),
        reject,
      )
    })
    asked.end(body)
  })
}

function endToEnd(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (let n = 0; n < raw.length; n += 2) {
    const name = raw[n] ?? ''
    const value = raw[n + 1] ?? ''
    if (PER_HOP.test(name)) continue
    headers[name] = name in headers ? [headers[name] ?? '', value].flat() : value
  }
  return headers
}
