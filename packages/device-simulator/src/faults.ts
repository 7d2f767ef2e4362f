import type { ImageBehaviour } from './image.ts'
import { draw } from './seeded.ts'

/**
 * What a device does wrong, on order. Absent means: it behaves. Times are real milliseconds.
 * The numbers 6.a, 8.a and 10.a are the extensions of the firmware upgrade use case.
 */
export interface Faults {
  /** 6.a: rejects any image with this fault code (true: 9018), does not reboot. */
  readonly refusesImage?: boolean | number
  /** 8.a: the new version never contacts the ACS; the old one boots again. 'claims_success': and then reports TransferComplete 0. */
  readonly fallsBackUnseen?: boolean | 'claims_success'
  /** 8.a: the new version informs once, then the old one boots again. */
  readonly fallsBackSeen?: boolean
  /** 10.a: factory reset by the upgrade: 0 BOOTSTRAP, settings gone; the subscriber may put them back. */
  readonly losesSettingsByReset?: boolean | { readonly regainAfterMs: number }
  /** 10.a: the settings are at their factory values and no event says so. */
  readonly losesSettingsSilently?: boolean
  /** Once it runs the new version it boots so many times more. */
  readonly rebootLoops?: number
  /** On the new version this parameter reads so, whatever it read before: a service that does not come up. */
  readonly breaksService?: { readonly name: string; readonly value: string }
  /** Never heard of again once the image is flashed. */
  readonly goesSilent?: boolean
  /** Accepts the Download and is never heard of again. */
  readonly goesSilentBeforeDownload?: boolean
  /** Reports each TransferComplete this many times more, as if no answer had come. */
  readonly repeatsTransferComplete?: number
  readonly delaysTransferComplete?: number
  readonly neverSendsTransferComplete?: boolean
  /** Reports success while the old version still runs, and reboots afterwards. */
  readonly transferCompleteBeforeReboot?: boolean
  /** Downloads during the session and reports in the same one, after its empty POST. */
  readonly transferCompleteInSameSession?: boolean
  /** Downloads and applies during the session: DownloadResponse says Status 0 and no TransferComplete follows. */
  readonly appliesInSession?: boolean
  /** TransferComplete and M Download carry an empty CommandKey; or only one of them does. */
  readonly blanksCommandKey?: boolean | 'report' | 'event'
  readonly noCookie?: boolean
  readonly connectionPerPost?: boolean
  /** Cuts the connection instead of answering Download; and then performs the download, or has forgotten it. */
  readonly dropsAfterDownload?: 'performs' | 'forgets'
  /** Fault 9003 (or the one given) unless the arguments are exactly CommandKey, FileType, URL and DelaySeconds. */
  readonly minimalDownloadOnly?: boolean | 9002
  /** Fault 9003 unless all ten arguments are there. */
  readonly fullDownloadOnly?: boolean
  readonly badPassword?: boolean
  /** Starts every session with an empty POST (digest clients that probe). */
  readonly emptyPostFirst?: boolean
  readonly chunkedPosts?: boolean
  /** Answers CancelTransfer with 9021. */
  readonly refusesCancel?: boolean
  /** Methods this firmware does not know: fault 9000. */
  readonly lacksMethods?: readonly string[]

  // What it does about calls.
  /** A method it does not know: an empty POST instead of a fault, or the connection cut. */
  readonly unknownCalls?: 'empty' | 'drops'
  /** For this long after each boot every call that changes something is fault 9002, or cuts the connection. */
  readonly busyAfterBoot?: { readonly ms: number; readonly how: 'faults' | 'drops' }
  /** More names than this in one Get- or SetParameterValues are this fault. */
  readonly batchLimit?: { readonly names: number; readonly fault: 9002 | 9004 }
  /** Leaves names it does not know out of GetParameterValuesResponse, instead of fault 9005. */
  readonly skipsUnknownNames?: boolean
  /** How long a read of a whole branch takes. */
  readonly slowReadsMs?: number
  /** A read of the whole tree, or its names: fault 9005, or a reboot in the middle of the session. */
  readonly rootReads?: 'refused' | 'reboots'
  /** Takes NextLevel as 0 or 1 only. */
  readonly nextLevelDigitsOnly?: boolean
  /** SetParameterValues, AddObject and DeleteObject say Status 1: applied later. */
  readonly commitsLater?: boolean
  /** Fails a download whose size is another than FileSize said, 0 included, with its vendor's fault 9808. */
  readonly insistsOnFileSize?: boolean
  /** Download URLs longer than this are fault 9003. */
  readonly maxUrlLength?: number
  /** Answers ScheduleInform and never does it. */
  readonly forgetsScheduleInform?: boolean
  /** Never finds an idle moment for a ScheduleDownload `3 When Idle`. */
  readonly neverIdle?: boolean
  /** Reports TransferComplete in a `2 PERIODIC` session, without events 7 and M Download. */
  readonly transferCompleteWithoutEvent?: boolean

  // What it does on the line.
  /** An empty POST before every body, in the middle of a session too (digest state that is lost each time). */
  readonly probesBeforeBodies?: boolean
  /** How its Cookie header is wrong. `previous`: an Inform carries the cookie of the session before. */
  readonly cookieStyle?: 'commas' | 'quoted' | 'attributes' | 'attributes_first' | 'previous'
  /** HTTP/1.0, a connection for every POST. */
  readonly http10?: boolean
  /** A second Inform on the same connection before the first session is over. */
  readonly interleavesInforms?: boolean
  /** Sends every Inform twice, as if the first answer was lost. */
  readonly repeatsInform?: boolean
  /** Cuts the connection after the InformResponse, in this many sessions. */
  readonly hangsUpAfterInform?: number
  /** Inform and TransferComplete in one POST. */
  readonly severalEnvelopes?: boolean
  /** Bodies are compressed; sent plainly again after 415. */
  readonly contentCoding?: 'gzip' | 'deflate'
  /** Ends with this many more empty POSTs, each answered. */
  readonly extraEmptyPosts?: number
  /** What it cannot do without in an answer, or cannot bear: the session fails as `demands_...`. */
  readonly demands?: 'no_declaration' | 'declaration' | 'content_length' | 'cwmp_prefix' | 'plain_children'
  /** Waits for 100 Continue. */
  readonly expectsContinue?: boolean
  /** Content-Type of its bodies; '' sends none. */
  readonly contentType?: string
  /** Answers a challenge on a new connection. */
  readonly newConnectionAfter401?: boolean

  // What its messages look like.
  /** No cwmp:ID, no Header at all, or another ID than asked in answers. */
  readonly messageIds?: 'missing' | 'no_header' | 'wrong'
  /** Bytes in ISO-8859-1, with a letter of it in ProvisioningCode; said in the XML declaration or nowhere. */
  readonly latin1?: boolean | 'declared'
  /** U+0002 in ProvisioningCode. */
  readonly controlCharacters?: boolean
  /** A raw `&` in ProvisioningCode. */
  readonly bareAmpersands?: boolean
  /** Methods whose response lacks its Status. */
  readonly omitsStatus?: readonly string[]
  readonly faultForm?: 'no_detail' | 'detail_in_faultstring' | 'empty_string'
  /** `1 Boot`, `4 VALUECHANGE`, `M DOWNLOAD`. */
  readonly oddEventCodes?: boolean
  /** Events in reverse order: 1 BOOT last. */
  readonly reversesEvents?: boolean
  /** Booleans read `true` and `false`. */
  readonly booleanWords?: boolean
  /** Every array claims sixteen entries. */
  readonly wrongArrayType?: boolean
  readonly byteOrderMark?: boolean
  /** A comment with an apostrophe, and a CDATA section. */
  readonly commentsAndCdata?: boolean
  /** Line breaks and blanks around event codes, keys, OUI and serial number. */
  readonly padsText?: boolean
  /** Another SOAP prefix, `cwmp1`, or a default namespace on the method. */
  readonly prefixes?: 'SOAP-ENV' | 'soapenv' | 'soap_env' | 'soap' | 'cwmp1' | 'default_namespace'
  /** Elements an Inform lacks: Event, RetryCount, ParameterList, CurrentTime, MaxEnvelopes, ProductClass, Manufacturer. */
  readonly omitsFromInform?: readonly string[]
  readonly untypedValues?: 'no_type' | 'empty_type' | 'no_value'
  /** The first parameter of a list stands there twice. */
  readonly repeatsParameter?: boolean
  /** How its times are wrong; `empty` empties StartTime and CompleteTime. */
  readonly dates?: 'no_zone' | 'offset' | 'double_colon' | 'year_1970' | 'empty'
  readonly omitsFaultStruct?: boolean
  /** FaultStruct behind the times. */
  readonly shufflesTransferComplete?: boolean

  // How it takes connection requests.
  /**
   * `no_qop`, `basic`, `blanks`: how it challenges (`blanks`: parts of the challenge separated by blanks alone).
   * `bare_lf`: lines end in LF and the challenge is folded. `closes`: closes the connection after 401. `no_content`: 204.
   * `busy`: always 503. `busy_in_session`: 503 during a session. `open`: asks for no login. `ignores`: 200, and no session.
   */
  readonly connectionRequests?:
    | 'no_qop'
    | 'basic'
    | 'blanks'
    | 'bare_lf'
    | 'closes'
    | 'no_content'
    | 'busy'
    | 'busy_in_session'
    | 'open'
    | 'ignores'
}

export type FaultName = keyof Faults

/** Every fault that can be ordered by its name alone, with what it then means. */
const ORDERED_BY_NAME: { readonly [Name in FaultName]-?: Faults[Name] } = {
  refusesImage: true,
  fallsBackUnseen: true,
  fallsBackSeen: true,
  losesSettingsByReset: true,
  losesSettingsSilently: true,
  rebootLoops: 6,
  breaksService: { name: 'Device.IP.Interface.1.IPv4Address.1.IPAddress', value: '0.0.0.0' },
  goesSilent: true,
  goesSilentBeforeDownload: true,
  repeatsTransferComplete: 1,
  delaysTransferComplete: 5_000,
  neverSendsTransferComplete: true,
  transferCompleteBeforeReboot: true,
  transferCompleteInSameSession: true,
  appliesInSession: true,
  blanksCommandKey: true,
  noCookie: true,
  connectionPerPost: true,
  dropsAfterDownload: 'performs',
  minimalDownloadOnly: true,
  fullDownloadOnly: true,
  badPassword: true,
  emptyPostFirst: true,
  chunkedPosts: true,
  refusesCancel: true,
  lacksMethods: ['CancelTransfer', 'GetAllQueuedTransfers', 'ScheduleInform'],
  unknownCalls: 'empty',
  busyAfterBoot: { ms: 5_000, how: 'faults' },
  batchLimit: { names: 4, fault: 9004 },
  skipsUnknownNames: true,
  slowReadsMs: 5_000,
  rootReads: 'refused',
  nextLevelDigitsOnly: true,
  commitsLater: true,
  insistsOnFileSize: true,
  maxUrlLength: 200,
  forgetsScheduleInform: true,
  neverIdle: true,
  transferCompleteWithoutEvent: true,
  probesBeforeBodies: true,
  cookieStyle: 'attributes',
  http10: true,
  interleavesInforms: true,
  repeatsInform: true,
  hangsUpAfterInform: 3,
  severalEnvelopes: true,
  contentCoding: 'gzip',
  extraEmptyPosts: 2,
  demands: 'no_declaration',
  expectsContinue: true,
  contentType: 'text/html',
  newConnectionAfter401: true,
  messageIds: 'missing',
  latin1: true,
  controlCharacters: true,
  bareAmpersands: true,
  omitsStatus: ['SetParameterValues'],
  faultForm: 'no_detail',
  oddEventCodes: true,
  reversesEvents: true,
  booleanWords: true,
  wrongArrayType: true,
  byteOrderMark: true,
  commentsAndCdata: true,
  padsText: true,
  prefixes: 'SOAP-ENV',
  omitsFromInform: ['Event', 'RetryCount', 'ParameterList'],
  untypedValues: 'no_type',
  repeatsParameter: true,
  dates: 'no_zone',
  omitsFaultStruct: true,
  shufflesTransferComplete: true,
  connectionRequests: 'busy',
}

export const faultNames = Object.keys(ORDERED_BY_NAME) as readonly FaultName[]

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(ORDERED_BY_NAME, name)
}

/** The fault in its plain form. */
export function faultByName(name: FaultName): Faults {
  return { [name]: ORDERED_BY_NAME[name] }
}

/** How soon a device that a release reset is provisioned again, and its subscriber has typed the settings in. */
const REGAIN_MS = 2_000

/** Which fault of a bad release this device suffers: the same for the same (serial number, seed), whatever else happens. */
export function faultsOfImage(behaviour: ImageBehaviour | undefined, serialNumber: string, seed: number): Faults {
  if (!behaviour) return {}
  const shares: [number | undefined, Faults][] = [
    [behaviour.refuseShare, faultByName('refusesImage')],
    [behaviour.fallBackShare, faultByName('fallsBackUnseen')],
    [behaviour.loseSettingsShare, { losesSettingsByReset: { regainAfterMs: REGAIN_MS } }],
    [behaviour.silentShare, faultByName('goesSilent')],
  ]
  const lot = draw('image behaviour', serialNumber, seed)
  let upTo = 0
  for (const [share, faults] of shares) {
    upTo += Number(share ?? 0)
    if (lot < upTo) return faults
  }
  return {}
}
