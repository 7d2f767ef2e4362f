import type { DeviceCall, ErrorCode } from '@sluice/contracts'

export interface Refusal {
  readonly code: ErrorCode
  readonly detail: string
}

/** A call travels sealed and in one message of the bus, with something around it. */
const MOST_BYTES_OF_A_CALL = 900_000
/** Attempts, backups before attempts, tasks. */
const KEY_OF_OURS = /^(fw|bk|tsk_)[0-9A-HJKMNP-TV-Z]{26}$/
const KEY_OF_A_CAMPAIGN = /^(fw|bk)[0-9A-HJKMNP-TV-Z]{26}$/

/** What the schema cannot say of a call. The URL itself is never repeated: it may hold a secret. */
export function refusalOf(call: DeviceCall): Refusal | undefined {
  return refusalOfSize(call) ?? refusalOfKey(call) ?? refusalOfFile(call) ?? refusalOfUrls(call)
}

function refusalOfSize(call: DeviceCall): Refusal | undefined {
  if (Buffer.byteLength(JSON.stringify(call)) <= MOST_BYTES_OF_A_CALL) return undefined
  return { code: 'too_large', detail: `a call has at most ${MOST_BYTES_OF_A_CALL} bytes` }
}

/** A device knows transfers by their CommandKey alone: nobody may speak in the name of another one's. */
function refusalOfKey(call: DeviceCall): Refusal | undefined {
  if (!('commandKey' in call) || call.commandKey === undefined) return undefined
  if (call.method === 'CancelTransfer') {
    if (!KEY_OF_A_CAMPAIGN.test(call.commandKey)) return undefined
    return { code: 'conflict', detail: 'this transfer belongs to a campaign: abort the campaign instead' }
  }
  if (!KEY_OF_OURS.test(call.commandKey)) return undefined
  return { code: 'invalid_request', detail: 'commandKey has the form of an attempt or a task: leave it out' }
}

/** However it is written: firmware that nobody verified is not offered to any device. */
function refusalOfFile(call: DeviceCall): Refusal | undefined {
  if (call.method !== 'Download' && call.method !== 'ScheduleDownload') return undefined
  if (!/firmware/i.test(call.fileType) && !/^[^a-z0-9]*0*1(?![0-9])/i.test(call.fileType)) return undefined
  return {
    code: 'invalid_request',
    detail: 'firmware goes by campaign, where it is verified first: see POST /v1/campaigns',
  }
}

function refusalOfUrls(call: DeviceCall): Refusal | undefined {
  for (const [name, url] of urlsOf(call)) {
    const reason = faultOfUrl(url)
    if (reason !== undefined) return { code: 'invalid_request', detail: `${name} ${reason}` }
  }
  return undefined
}

function urlsOf(call: DeviceCall): [name: string, url: string][] {
  const named: Record<string, string | undefined> = {
    url: 'url' in call ? call.url : undefined,
    successUrl: 'successUrl' in call ? call.successUrl : undefined,
    failureUrl: 'failureUrl' in call ? call.failureUrl : undefined,
  }
  const operations = call.method === 'ChangeDUState' ? call.operations : []
  operations.forEach((one, index) => {
    named[`operations[${index}].url`] = 'url' in one ? one.url : undefined
  })
  return Object.entries(named).flatMap(([name, url]) => (url === undefined ? [] : [[name, url]]))
}

/** What is wrong with a URL that a device is to use. It is the device that fetches it, so any address will do. */
export function faultOfUrl(url: string): string | undefined {
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0020\u007F]/.test(url)) return 'holds a space or a control character'
  if (!URL.canParse(url)) return 'is no URL'
  const { protocol, username, password } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return 'is neither http nor https'
  if (username !== '' || password !== '' || /^[a-z]+:\/*[^/?#]*@/i.test(url)) {
    return 'holds a user: say username and password beside it'
  }
  return undefined
}
