import type { DetachedSignature, Findings, ImageFormat, Span } from '@sluice/firmware'

/** What the worker is handed to look at. Keys as text: they are read where they are used. */
export interface AskedOfWorker {
  readonly size: number
  readonly declaredFormat: ImageFormat | null
  readonly signatures: readonly DetachedSignature[]
  readonly keys: readonly string[]
  /** In milliseconds since the epoch. */
  readonly now: number
}

export type ToWorker =
  | { readonly kind: 'examine'; readonly asked: AskedOfWorker }
  /** Answers `read` and `next`, in the order in which they were asked; null: the image is at its end. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array | null }

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'read'; readonly span: Span }
  | { readonly kind: 'next' }
  | { readonly kind: 'found'; readonly findings: Findings }
