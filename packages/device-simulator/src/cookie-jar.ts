import type { Faults } from './faults.ts'

/** The cookies of one session, returned to whatever server it is redirected to (TR-069 3.4.2). */
export interface CookieJar {
  keep(setCookies: readonly string[]): void
  header(): string
  /** The session is over. */
  leave(): void
}

/** `last` is where the cookies of the session before are left: a device that mixes them up returns them with its next Inform. */
export function createCookieJar(faults: Faults, last: Map<string, string>): CookieJar {
  const { cookieStyle, noCookie } = faults
  /** Name to the whole of Set-Cookie behind the equals sign. */
  const cookies = new Map(cookieStyle === 'previous' ? last : [])
  const valueOf = (kept: string): string => kept.split(';')[0]?.trim() ?? ''
  return {
    keep: (setCookies) => {
      if (noCookie) return
      for (const cookie of setCookies) {
        const at = cookie.indexOf('=')
        const end = cookie.indexOf(';')
        if (at > 0 && (end < 0 || at < end)) cookies.set(cookie.slice(0, at).trim(), cookie.slice(at + 1).trim())
      }
    },
    header: () => {
      const pairs = [...cookies].map(([name, kept]) => {
        if (cookieStyle === 'attributes') return `${name}=${kept}`
        if (cookieStyle === 'attributes_first') return `Path=/; ${name}=${valueOf(kept)}`
        if (cookieStyle === 'quoted') return `${name}="${valueOf(kept)}"`
        return `${name}=${valueOf(kept)}`
      })
      if (cookieStyle === 'commas' && pairs.length === 1) pairs.push('lang=en')
      return pairs.join(cookieStyle === 'commas' ? ', ' : '; ')
    },
    leave: () => {
      last.clear()
      for (const [name, kept] of cookies) last.set(name, kept)
    },
  }
}
