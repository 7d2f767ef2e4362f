import { refuse } from './refuse.ts'

/**
 * UTF-8 of an image that people will read: what is no UTF-8, too long, or steers a terminal or a log is refused. Several
 * lines are for descriptions alone.
 */
export function readText(bytes: Uint8Array, what: string, { max = 256, lines = false } = {}): string {
  if (bytes.length > max) refuse('format_limit_exceeded', `${what} has ${bytes.length} bytes; at most ${max}`)
  const text = decode(bytes, what)
  return checkText(text, what, { max, lines })
}

export function checkText(text: string, what: string, { max = 256, lines = false } = {}): string {
  if (text.length > max) refuse('format_limit_exceeded', `${what} has ${text.length} characters; at most ${max}`)
  const steering = lines ? /[^\P{C}\n\r\t]/u : /\p{C}/u
  if (steering.test(text)) refuse('format_malformed', `${what} has control characters`)
  return text
}

/**
 * The path of a file as an image names it, in one spelling. A path that climbs, names nothing, or is written in a way
 * that two readers take differently is refused.
 */
export function readPath(bytes: Uint8Array, what: string): string {
  return checkPath(readText(bytes, what, { max: MAX_PATH }), what)
}

export function checkPath(path: string, what: string): string {
  const names = path.split('/').slice(path.startsWith('/') ? 1 : 0)
  const unsafe = names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\\'))
  if (unsafe) refuse('format_path_unsafe', `${what} has a path that is not safe: ${JSON.stringify(path.slice(0, 80))}`)
  return path
}

const MAX_PATH = 512

function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return refuse('format_malformed', `${what} is no UTF-8`)
  }
}
