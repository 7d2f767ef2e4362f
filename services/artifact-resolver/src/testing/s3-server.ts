import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A small S3: objects with versions, asked for by path, for whoever signs as AWS Signature Version 4 says. The signature
 * is computed here from AWS's description of the method (IAM User Guide, "Create a signed AWS API request"), not by the
 * library that signs; `signatureOf` is held against AWS's own published example.
 */
export interface S3Server {
  readonly endpoint: string
  readonly port: number
  /** The last one is the current version. */
  put(bucket: string, key: string, bytes: Uint8Array, versionId?: string): void
  /** What requests it got, and what became of them: `GET /bucket/key?versionId=1 200`. */
  requests(): readonly string[]
  close(): Promise<void>
}

export interface S3Account {
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface SignedRequest {
  readonly method: string
  /** Path and query as they stand in the request line. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** Names in lower case. */
  readonly signedHeaders: readonly string[]
}

const SKEW_MS = 15 * 60_000

/** The signature in lower-case hexadecimal. */
export function signatureOf({ method, target, headers, signedHeaders }: SignedRequest, account: S3Account): string {
  const [path = '', query = ''] = target.split('?')
  const encode = (text: string) =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  const canonicalQuery = query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => part.split('=').map((half) => encode(decodeURIComponent(half))))
    .map(([name = '', value = '']) => `${name}=${value}`)
    .toSorted()
    .join('&')
  const canonical = [
    method,
    path
      .split('/')
      .map((part) => encode(decodeURIComponent(part)))
      .join('/'),
    canonicalQuery,
    ...signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    headers['x-amz-content-sha256'],
  ].join('\n')
  const at = headers['x-amz-date'] ?? ''
  const scope = [at.slice(0, 8), account.region, 's3', 'aws4_request']
  const sha256 = createHash('sha256').update(canonical).digest('hex')
  const toSign = ['AWS4-HMAC-SHA256', at, scope.join('/'), sha256].join('\n')
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${account.secretAccessKey}`,
  )
  return createHmac('sha256', key).update(toSign).digest('hex')
}

export async function startS3Server(account: S3Account): Promise<S3Server> {
  const objects = new Map<string, { versionId: string; bytes: Uint8Array }[]>()
  const requests: string[] = []
  const server = createServer((request, response) => {
    const refusal = refuse(request, account)
    if (refusal === null) serve(request, response)
    else answerError(response, 403, refusal)
    requests.push(`${request.method} ${request.url} ${response.statusCode}`)
  })

  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const versions = objects.get(decodeURIComponent(path))
    if (versions === undefined) return answerError(response, 404, 'NoSuchKey')
    const versionId = new URLSearchParams(query).get('versionId')
    const found = versions.findLast((one) => versionId === null || one.versionId === versionId)
    if (found === undefined) return answerError(response, 404, 'NoSuchVersion')
    response
      .writeHead(200, { 'content-length': found.bytes.length, 'x-amz-version-id': found.versionId })
      .end(found.bytes)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    put: (bucket, key, bytes, versionId = 'null') => {
      const at = `/${bucket}/${key}`
      objects.set(at, [...(objects.get(at) ?? []), { versionId, bytes }])
    },
    requests: () => requests,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** S3's word for why a request is nobody's; null: it is signed as it should be. */
function refuse(request: IncomingMessage, account: S3Account): string | null {
  const headers = request.headers as Record<string, string>
  const [, credential = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers['authorization'] ?? '',
    ) ?? []
  if (signature === undefined) return 'AccessDenied'
  const [accessKeyId, day, region, service, end] = credential.split('/')
  if (accessKeyId !== account.accessKeyId) return 'InvalidAccessKeyId'
  const at = headers['x-amz-date'] ?? ''
  const time = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(time - Date.now()) < SKEW_MS)) return 'RequestTimeTooSkewed'
  const scoped = day === at.slice(0, 8) && region === account.region && service === 's3' && end === 'aws4_request'
  if (!scoped) return 'AuthorizationHeaderMalformed'
  const signedHeaders = names.split(';')
  // All of x-amz-* and Host have to be signed.
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
  if (mustBeSigned.some((name) => !signedHeaders.includes(name))) return 'AccessDenied'
  const expected = signatureOf(
    { method: request.method ?? '', target: request.url ?? '', headers, signedHeaders },
    account,
  )
  return signature === expected ? null : 'SignatureDoesNotMatch'
}

function answerError(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>no</Message></Error>`
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) }).end(body)
}
