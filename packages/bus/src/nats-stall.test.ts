import { spawn } from 'node:child_process'
import { answered, gatewayRulesGet } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { freshNamespace, waitUntil } from '@sluice/testbed'
import { connect, createInbox } from 'nats'
import { expect, inject, test } from 'vitest'
import { requestSubject } from './message-subject.ts'
import { connectNats } from './nats-bus.ts'

/** As a process that is frozen: nothing runs in it, and what comes waits in its sockets. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('a request that came while its server stood still is not handled: who asked has given up', async () => {
  const [servers, namespace] = [inject('natsUrl'), freshNamespace()]
  const log = createLog({ service: 'test', level: 'silent' })
  const bus = await connectNats({ servers, service: 'device-registry', namespace, clock: systemClock, log })
  let handled = 0
  await bus.serve(gatewayRulesGet, async (batch) => {
    handled += batch.length
    return batch.map(() => answered({ rules: null }))
  })
  const asker = await connect({ servers })
  const inbox = createInbox()
  const heard: string[] = []
  asker.subscribe(inbox, { callback: (_, message) => heard.push(message.string()) })
  await asker.flush()

  const subject = requestSubject(gatewayRulesGet, namespace)
  const { hostname, port } = new URL(servers)
  const asks = `exec 3<>/dev/tcp/${hostname}/${port}; sleep 0.5; printf 'PUB ${subject} ${inbox} 2\\r\\n{}\\r\\n' >&3; sleep 1`
  const other = spawn('bash', ['-c', asks], { stdio: 'ignore' })
  standStill(gatewayRulesGet.deadlineMs)
  await waitUntil(() => heard.length === 1)
  expect(JSON.parse(heard[0]!)).toMatchObject({ ok: false, error: { code: 'unavailable' } })
  expect(handled).toBe(0)

  // Who asks afterwards is answered.
  await waitUntil(async () => (await bus.request(gatewayRulesGet, {})).ok)
  expect(handled).toBe(1)
  other.kill()
  await asker.close()
  await bus.close()
})
