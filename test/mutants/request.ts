/** One POST as a CPE means it: its head and how its body is framed can still be changed apart. */
export interface Request {
  readonly line: string
  /** Whole lines without their end. */
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** Says truly how long it is. */
export function withLength({ line, headers, body }: Request): Buffer {
  return written([line, ...headers, `Content-Length: ${body.length}`], body)
}

/** In pieces of these sizes, the last of them again and again. */
export function chunked({ line, headers, body }: Request, sizes: readonly number[], extension: string): Buffer {
  const pieces: Buffer[] = []
  let from = 0
  for (let count = 0; from < body.length; count += 1) {
    const piece = body.subarray(from, from + sizes[Math.min(count, sizes.length - 1)]!)
    pieces.push(Buffer.from(`${piece.length.toString(16)}${extension}\r\n`), piece, Buffer.from('\r\n'))
    from += piece.length
  }
  return written([line, ...headers, 'Transfer-Encoding: chunked'], Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]))
}

/** latin1: a header's characters are its bytes. */
export function written(head: readonly string[], body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}
