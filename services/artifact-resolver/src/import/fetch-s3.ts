import type { IncomingMessage } from 'node:http'
import { AwsV4Signer } from 'aws4fetch'
import { askHttp, reasonOf } from './ask-http.ts'
import { readAnswer, type FetchedSource } from './read-answer.ts'
import type { S3Object } from './s3-source.ts'

/** The one S3-compatible store that is set up. Its endpoint is the administrator's word, so it may lie inside. */
export interface S3Store {
  /** `https://s3.eu-central-1.amazonaws.com`, without a slash at the end. */
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** S3 tells why it refuses in an XML document whose Code is a word of ASCII letters. */
const MAX_ERROR_BYTES = 4_096

/**
 * Opens an object for reading. It is asked for by path (`endpoint/bucket/key`), which every store understands, signed by
 * AWS Signature Version 4, at the endpoint and nowhere else: what it redirects to would get our signature.
 */
export async function fetchS3(
  object: S3Object,
  store: S3Store,
  limits: { readonly maxBytes: number; readonly idleMs: number; readonly signal: AbortSignal },
): Promise<FetchedSource> {
  const url = urlOf(object, store)
  let response: IncomingMessage
  try {
    response = await askHttp(url, { ...limits, headers: await signed(url, store) })
  } catch (error) {
    return { kind: 'failed', detail: `no answer from ${url.host}: ${reasonOf(error)}` }
  }
  const answer = readAnswer(response, url.host, limits.maxBytes)
  if (answer.kind === 'open') return answer
  const code = response.statusCode === 200 ? null : await codeIn(response)
  response.destroy()
  return code === null ? answer : { ...answer, detail: `${answer.detail} ${code}` }
}

function urlOf({ bucket, key, versionId }: S3Object, { endpoint }: S3Store): URL {
  const url = new URL(`${endpoint}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`)
  if (versionId !== null) url.searchParams.set('versionId', versionId)
  return url
}

async function signed(url: URL, { region, accessKeyId, secretAccessKey }: S3Store): Promise<Record<string, string>> {
  const signer = new AwsV4Signer({ url: url.href, service: 's3', region, accessKeyId, secretAccessKey })
  return Object.fromEntries((await signer.sign()).headers)
}

async function codeIn(response: IncomingMessage): Promise<string | null> {
  let text = ''
  try {
    for await (const chunk of response) {
      text += (chunk as Buffer).toString('latin1')
      if (text.length > MAX_ERROR_BYTES) break
    }
  } catch {
    // What came until then may be enough.
  }
  return /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(text.slice(0, MAX_ERROR_BYTES))?.[1] ?? null
}
