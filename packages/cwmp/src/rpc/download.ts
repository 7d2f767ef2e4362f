/** TR-069 A.3.2.8. */
export interface Download {
  readonly kind: 'download'
  /** At most 32 characters. */
  readonly commandKey: string
  /** For example `1 Firmware Upgrade Image`. */
  readonly fileType: string
  readonly url: string
  readonly delaySeconds: number
  /**
   * Which arguments are written. `all`: the ten of the schema, empty where not given. `minimal`:
   * CommandKey, FileType, URL and DelaySeconds alone, so credentials must be in the URL's path. There
   * are models that refuse either one.
   */
  readonly argumentSet: DownloadArgumentSet
  readonly username?: string
  readonly password?: string
  /** Bytes; 0 where not known. */
  readonly fileSize?: number
  readonly targetFileName?: string
  readonly successUrl?: string
  readonly failureUrl?: string
}

export type DownloadArgumentSet = 'all' | 'minimal'

export interface DownloadResponse {
  readonly kind: 'download_response'
  /** 0: fetched and applied. 1: not yet; also where the Status was missing (`status_missing`). */
  readonly status: 0 | 1
  readonly startTime: string | null
  readonly completeTime: string | null
}
