import { refuse } from '../refuse.ts'

export interface Word {
  readonly kind: 'string' | 'number' | 'name' | 'sign' | 'end'
  readonly text: string
}

const SKIPPED = /[ \t\r\n\f]+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//y
const WORDS: readonly (readonly [Word['kind'], RegExp])[] = [
  ['string', /"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y],
  [
    'number',
    /[-+]?(?:0[xX][0-9A-Fa-f]+|0[bB][01]+|0[oOqQ][0-7]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)L{0,2}(?![\w.])/y,
  ],
  ['name', /[A-Za-z*][-\w*]*/y],
  ['sign', /[=:;,{}[\]()]/y],
]

/** Cuts the text of a configuration into words; comments and space between them are dropped (libconfig, manual). */
export function* wordsOf(text: string): Generator<Word, never> {
  for (let at = 0; at < text.length;) {
    const skipped = matchAt(SKIPPED, text, at)
    if (skipped !== null) {
      at += skipped.length
      continue
    }
    const word = wordAt(text, at)
    yield word
    at += word.text.length
  }
  for (;;) yield { kind: 'end', text: '' }
}

function wordAt(text: string, at: number): Word {
  for (const [kind, pattern] of WORDS) {
    const match = matchAt(pattern, text, at)
    if (match !== null) return { kind, text: match }
  }
  return refuse('format_malformed', `sw-description cannot be read at character ${at}`)
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}
