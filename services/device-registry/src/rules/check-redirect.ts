import type { RedirectRule } from '@sluice/contracts'

/** RFC 3986 2.2, 2.3: what may stand in a URL as it is. It goes into a header, and CPE read it by parsers of their own. */
const URL_CHARACTERS = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/

/** What the schema cannot say: null, or why devices are not sent there. */
export function objectionTo({ url, match, deviceKeys, percent }: RedirectRule): string | null {
  if (!URL_CHARACTERS.test(url)) return 'url has characters that stand in no URL'
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return 'url is no absolute http or https URL'
  if (/^https?:\/\/[^/?#]*@/i.test(url)) return 'url has credentials in it'
  if (url.includes('#')) return 'url has a fragment'
  const namesNobody = deviceKeys === undefined && percent === undefined && Object.keys(match ?? {}).length === 0
  return namesNobody ? 'the rule says of no device that it is meant; for all of them, percent is 100' : null
}
