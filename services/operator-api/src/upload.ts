import type { Readable } from 'node:stream'
import type { Bus } from '@sluice/bus'
import { type Artifact, ERROR_CODES, type ErrorCode, type Reply, artifactGet, refused } from '@sluice/contracts'

export interface IntakeSettings {
  readonly url: string
  readonly token: string
}

/** Streams an image's bytes on to the resolver's intake. They never travel on the bus, and never lie in our memory. */
export async function forwardUpload(
  bus: Bus,
  intake: IntakeSettings,
  artifactId: string,
  content: Readable,
  signal: AbortSignal,
): Promise<Reply<Artifact>> {
  const artifact = await bus.request(artifactGet, { artifactId })
  if (!artifact.ok) return artifact

  let response: Response
  try {
    response = await fetch(new URL(`/intake/${artifactId}`, intake.url), {
      method: 'PUT',
      body: content,
      duplex: 'half',
      redirect: 'error',
      signal,
      headers: { authorization: `Bearer ${intake.token}`, 'content-type': 'application/octet-stream' },
    } as unknown as RequestInit)
  } catch {
    return refused('unavailable', 'the upload broke off; the artifact still awaits its content')
  }
  if (!response.ok) return refusalOf(response)
  await response.body?.cancel()
  return bus.request(artifactGet, { artifactId })
}

async function refusalOf(response: Response): Promise<Reply<never>> {
  const body = (await response.json().catch(() => ({}))) as { error?: { code?: string; detail?: string } } & {
    code?: string
    detail?: string
  }
  const code = body.error?.code ?? body.code ?? ''
  const detail = body.error?.detail ?? body.detail ?? `the intake answered ${response.status}`
  return refused(code in ERROR_CODES ? (code as ErrorCode) : 'unavailable', detail)
}
