import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Cpe } from '../cpe.ts'

/** Judges UDP connection requests (TR-069 G.2.1.4): true for one that is authentic and new. */
export function createUdpRequestCheck(cpe: Cpe): (message: Buffer) => boolean {
  let lastTime = 0
  let lastId = ''
  return (message) => {
    const [, target = ''] = /^GET (\S+) HTTP\/1\.1\r\n/.exec(message.toString('latin1')) ?? []
    const query = URL.parse(target)?.searchParams
    const read = (name: string): string => query?.get(name) ?? ''
    const [ts, id, un, cn, sig] = ['ts', 'id', 'un', 'cn', 'sig'].map(read)
    if (!ts || !id || !cn || !sig || !/^\d+$/.test(ts) || !/^\d+$/.test(id)) return false
    if (un !== cpe.model.server('ConnectionRequestUsername')) return false
    if (Number(ts) <= lastTime || id === lastId) return false
    const key = cpe.model.server('ConnectionRequestPassword')
    const expected = createHmac('sha1', key).update(`${ts}${id}${un}${cn}`).digest()
    const given = Buffer.from(sig, 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false
    lastTime = Number(ts)
    lastId = id
    return true
  }
}
