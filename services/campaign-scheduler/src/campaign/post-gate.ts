import { createHmac } from 'node:crypto'
import { type InputOf, type Policy, check, gateAsk } from '@sluice/contracts'
import { withDeadline } from '@sluice/runtime'
import type { Parts } from '../parts.ts'
import type { GateReply } from './ask-gate.ts'

const MOST_BYTES = 16_384

/** What a policy may name: a host of the settings, over HTTP or HTTPS, and nobody's secret, because everybody who may read the campaign reads it. */
export function wrongGateUrl(url: string, { gateHosts, gateSecret }: GateSettings): string | undefined {
  const parsed = URL.parse(url)
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) return 'is no HTTP URL'
  if (parsed.username !== '' || parsed.password !== '') return 'holds a name or a password'
  if (parsed.search !== '' || parsed.hash !== '') {
    return 'holds a query or a fragment, which all see who see the campaign: the request is signed with SLUICE_GATE_SECRET'
  }
  if (!gateHosts.includes(parsed.host)) return `is at ${parsed.host}, which SLUICE_GATE_HOSTS does not name`
  return gateSecret === null ? 'cannot be signed: there is no SLUICE_GATE_SECRET' : undefined
}

/** What is wrong with the gate outside of a policy, in a sentence. */
export function wrongGateOf({ gate: { external } }: Pick<Policy, 'gate'>, settings: GateSettings): string | undefined {
  if (external === undefined || external.by === 'bus') return undefined
  const wrong = wrongGateUrl(external.by.url, settings)
  return wrong === undefined ? undefined : `the URL of gate.external ${wrong}`
}

export type GateSettings = Pick<Parts['settings'], 'gateHosts' | 'gateSecret'>

/**
 * Asks by POST. The body is signed with the time, so that neither can be had again: `sluice-signature: sha256=<hex>` of
 * `<sluice-timestamp>.<body>`. Whatever is not a 200 with a sound answer in time is no answer; nothing is followed.
 */
export async function postGate(
  { settings, clock }: Pick<Parts, 'settings' | 'clock'>,
  url: string,
  question: InputOf<typeof gateAsk>,
): Promise<GateReply> {
  const wrong = wrongGateUrl(url, settings)
  if (wrong !== undefined) return { kind: 'nothing', detail: `the URL ${wrong}` }
  const body = JSON.stringify(question)
  const timestamp = String(Math.floor(clock.now() / 1_000))
  const signature = createHmac('sha256', settings.gateSecret!).update(`${timestamp}.${body}`).digest('hex')
  const headers = {
    'content-type': 'application/json',
    'sluice-timestamp': timestamp,
    'sluice-signature': `sha256=${signature}`,
  }
  try {
    return await withDeadline(
      async (signal) => {
        const response = await fetch(url, { method: 'POST', redirect: 'manual', signal, headers, body })
        if (response.status === 200) return answerIn(await textOf(response))
        await response.body?.cancel()
        return { kind: 'nothing', detail: `it answered with HTTP ${response.status}` }
      },
      gateAsk.deadlineMs,
      { clock, what: 'the answer' },
    )
  } catch (error) {
    // What fetch says of a broken connection may hold the address that a name led to: only its kind is told.
    const detail = error instanceof Error && 'code' in error ? String(error.code) : 'no connection'
    return { kind: 'nothing', detail }
  }
}

async function textOf(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function answerIn(text: string | undefined): GateReply {
  if (text === undefined) return { kind: 'nothing', detail: `its answer is longer than ${MOST_BYTES} bytes` }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'nothing', detail: 'its answer is not JSON' }
  }
  const answer = check(gateAsk.output, value)
  if (answer.kind === 'invalid') return { kind: 'nothing', detail: `its answer does not fit: ${answer.detail}` }
  return { kind: answer.value.answer, reason: answer.value.reason ?? null }
}
