import type { SessionKey } from '@sluice/hot-store'

const NAME = 'sluice'
/** Anywhere in the header: CPE echo attributes, put quotes around values and commas between cookies. */
const COOKIE = new RegExp(`(?:^|[;,\\s])${NAME}\\s*=\\s*"?(dev_[a-z2-7]{26})\\.([A-Za-z0-9_-]{22})(?=$|["';,\\s])`, 'g')
/** As nearly every CPE returns it: as it was set. */
const AS_SET = new RegExp(`^${NAME}=dev_[a-z2-7]{26}\\.[A-Za-z0-9_-]{22}$`)
const LONGEST = 4_096

/** The session a Cookie header names: of several the last, which is the one a CPE that appends learned last. */
export function readCookie(header: string | undefined): SessionKey | null {
  if (header === undefined || header.length > LONGEST) return null
  if (AS_SET.test(header)) return { deviceKey: header.slice(NAME.length + 1, -23), token: header.slice(-22) }
  const [, deviceKey, token] = [...header.matchAll(COOKIE)].at(-1) ?? []
  return deviceKey === undefined || token === undefined ? null : { deviceKey, token }
}

/** Short and of few characters: there are CPE that crash on others. With a Path, or some never send it back. */
export function writeCookie({ deviceKey, token }: SessionKey): string {
  return `${NAME}=${deviceKey}.${token}; Path=/; HttpOnly`
}
