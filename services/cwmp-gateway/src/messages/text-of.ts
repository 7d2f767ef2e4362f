/**
 * A body that was read as CWMP, as the text it was read from, for who looks for secrets in it: by bytes they would be missed
 * in UTF-16. Its charset is seen at the first `<`. Without a sign of the envelope the guess was wrong, and nothing is shown.
 */
export function textOf(body: Uint8Array): string {
  const at = body.indexOf(0x3c)
  const isWide = body[at % 2 === 0 ? at + 1 : at - 1] === 0
  const text = isWide ? new TextDecoder(at % 2 === 0 ? 'utf-16le' : 'utf-16be').decode(body) : ofBytes(body)
  return text.includes('Envelope') ? withoutControls(text) : ''
}

function ofBytes(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return Buffer.from(body).toString('latin1')
  }
}

/** They may stand in the middle of a name, where profiles have them taken out (quirk 12). */
function withoutControls(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '')
}
