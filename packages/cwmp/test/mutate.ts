/** A stream of 32-bit numbers from a seed (xorshift, Marsaglia 2003): the same on every machine. */
export function createDice(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
}

/** What devices and attackers put where it does not belong. */
const INTRUDERS = [
  '<', '>', '&', '"', "'", '/', '=', ':', ' ', '\n', '\r\n', '\t', '\0', '\x1b', '\x7f', ']]>', '<![CDATA[', '<!--', '-->', '--',
  '<!DOCTYPE x [<!ENTITY a "b">]>', '<?xml version="1.0"?>', '<?pi?>', '&amp;', '&#0;', '&#x41;', '&#xD800;', '&foo;',
  '</', '/>', '<a>', '</a>', '<a/>', ' a="1"', " a='1'", ' a', ' xmlns=""', 'é', '\u{1f600}', '\xff', '\xfe\xff', '\xef\xbb\xbf', '\x80',
  '<Envelope>', '</Envelope>', '__proto__', '9'.repeat(40), '<a>'.repeat(40), ' b="2"'.repeat(70), 'x'.repeat(2_000),
] as const // prettier-ignore

/** One to four changes of bytes: cut, doubled, moved, replaced, put in, swapped with another message. */
export function mutate(original: Buffer, other: Buffer, dice: (below: number) => number): Buffer {
  let bytes: Buffer = original
  for (let changes = 1 + dice(4); changes > 0; changes -= 1) bytes = change(bytes, other, dice)
  return bytes
}

function change(bytes: Buffer, other: Buffer, dice: (below: number) => number): Buffer {
  const at = dice(bytes.length + 1)
  const length = Math.min(bytes.length - at, 1 + dice(dice(8) === 0 ? 512 : 12))
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)]
  switch (dice(8)) {
    case 0:
      return Buffer.concat([before, after])
    case 1:
      return Buffer.concat([before, piece, piece, after])
    case 2:
      return Buffer.concat([after, piece, before])
    case 3:
      return Buffer.concat([before, Buffer.from([dice(256)]), after])
    case 4:
      return before
    case 5: {
      const from = dice(other.length + 1)
      return Buffer.concat([before, other.subarray(from, from + 1 + dice(400)), after])
    }
    default: {
      const intruder = INTRUDERS[dice(INTRUDERS.length)] ?? '<'
      return Buffer.concat([
        before,
        Buffer.from(intruder, dice(2) === 0 ? 'utf8' : 'latin1'),
        dice(2) === 0 ? piece : Buffer.alloc(0),
        after,
      ])
    }
  }
}
