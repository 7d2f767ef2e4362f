/** Fields that hold one text, under the names they have in the inventory. */
export const TEXT_FIELDS = [
  'name',
  'oui',
  'productClass',
  'serialNumber',
  'manufacturer',
  'hardwareVersion',
  'softwareVersion',
  'site',
  'region',
  'accessNode',
  'zone',
] as const
export type TextField = (typeof TEXT_FIELDS)[number]

/** Everything an expression may ask for. */
export const FIELDS = [...TEXT_FIELDS, 'tag', 'lastInform', 'percent'] as const
export type Field = (typeof FIELDS)[number]

export type Order = '<' | '<=' | '>' | '>='

/** What is asked of a device. It is data: it may be stored and compared. */
export type Expression =
  | { readonly kind: 'and'; readonly of: readonly Expression[] }
  | { readonly kind: 'or'; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | Term

export type Term =
  /** Exactly one of these texts; of tags, any of them. */
  | {
      readonly kind: 'one_of'
      readonly field: TextField | 'tag'
      readonly isNegated: boolean
      readonly values: readonly string[]
    }
  | { readonly kind: 'starts_with'; readonly field: TextField | 'tag'; readonly prefix: string }
  | { readonly kind: 'known'; readonly field: TextField; readonly isNegated: boolean }
  /** By the natural order of versions. */
  | { readonly kind: 'version'; readonly order: Order; readonly version: string }
  | { readonly kind: 'informed_within'; readonly amount: number; readonly unit: Unit }
  | { readonly kind: 'informed'; readonly side: 'before' | 'after'; readonly time: string }
  | { readonly kind: 'never_informed' }
  /** In ten-thousandths of a percent. */
  | { readonly kind: 'percent'; readonly order: '<' | '>='; readonly share: number }

export const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
export type Unit = keyof typeof UNIT_MS

/** Ten-thousandths of a percent in the whole. */
export const WHOLE = 1_000_000

export const LIMITS = {
  chars: 4_000,
  /** Parentheses and `not` within each other. */
  depth: 32,
  /** Values that are compared with. */
  terms: 500,
} as const
