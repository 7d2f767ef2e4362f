/** What an image says about itself. A format that says nothing of a thing has null there: unknown, not "any". */
export interface ImageFacts {
  readonly version: string | null
  readonly description: string | null
  /** The boards or hardware ids it was made for, as the device knows itself. */
  readonly boards: readonly string[] | null
  /** The versions a device may come from, both ends included; null at an end: open. */
  readonly from: { readonly min: string | null; readonly max: string | null } | null
  readonly settings: SettingsEffect
  /** Whether installing it reboots the device; null: it does not say. */
  readonly reboots: boolean | null
  /** When it was built, in milliseconds since the epoch. */
  readonly builtAt: number | null
  /** What it is made of, in the order of its bytes. */
  readonly members: readonly ImageMember[]
  /** What else a format has that an operator would want to see, by the format's own names. */
  readonly more: Readonly<Record<string, string>>
}

export interface ImageMember {
  readonly name: string
  readonly size: number
  /** As the image states it, in hexadecimal. */
  readonly sha256: string | null
}

/** What installing the image does to a subscriber's settings, as far as the format says it. */
export type SettingsEffect =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'kept' }
  | { readonly kind: 'lost'; readonly why: string }
  /**
   * OpenWrt: a device of another minor compat_version takes the image only if it gives up its settings, one of another
   * major refuses it.
   */
  | { readonly kind: 'by_compat_version'; readonly compatVersion: string; readonly message: string | null }

/** Facts of an image that says nothing about itself. */
export const NO_FACTS: ImageFacts = {
  version: null,
  description: null,
  boards: null,
  from: null,
  settings: { kind: 'unknown' },
  reboots: null,
  builtAt: null,
  members: [],
  more: {},
}
