/** One POST of a device and, once it came, what a gateway answered: SOAP, or nothing. */
export interface Exchange {
  readonly post: string
  readonly answer: string | null
}

/** Where sessions are made to stand. */
export interface Stage {
  /** Exchanges that may come to stand there: the gateway that is to die gets all of them. */
  readonly leadsThere: (post: string) => boolean
  /** True of an exchange that goes no further: without an answer, before the gateway has seen it. */
  readonly isReached: (exchange: Exchange) => boolean
}

const holds = (element: string) => {
  const start = new RegExp(`<(?:[A-Za-z_][\\w.-]*:)?${element}[\\s/>]`)
  return (soap: string) => start.test(soap)
}
const isReading = holds('GetParameterValuesResponse')
const isDownload = holds('Download')
const isDownloadAnswer = holds('DownloadResponse')
const isTransferComplete = holds('TransferComplete')

/** The gateway never sees the post. */
const unsaid = (isIt: (post: string) => boolean): Stage => ({
  leadsThere: isIt,
  isReached: ({ post, answer }) => answer === null && isIt(post),
})
/** The gateway has done with it, and the device never sees the answer. */
const unanswered = (isIt: (post: string) => boolean): Stage => ({
  leadsThere: isIt,
  isReached: ({ post, answer }) => answer !== null && isIt(post),
})

/** The device has told what the snapshot is made of; the claim comes next. */
export const beforeTheClaim = unsaid(isReading)
/** Download is written, and on its way. */
export const downloadUnread: Stage = {
  leadsThere: isReading,
  isReached: ({ answer }) => answer !== null && isDownload(answer),
}
/** The device holds the Download and will perform it; its answer is on its way. */
export const downloadUnanswered = unsaid(isDownloadAnswer)
/** The answer to Download is reported; the rest of the session is on its way. */
export const afterTheAnswer = unanswered(isDownloadAnswer)
export const transferCompleteUnheard = unsaid(isTransferComplete)
export const transferCompleteHeard = unanswered(isTransferComplete)
