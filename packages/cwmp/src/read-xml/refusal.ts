/** Why a text is not read. `control_characters` and `raw_ampersand` are what a repair may heal. */
export type RefusalCode =
  | 'control_characters'
  | 'doctype'
  | 'not_an_envelope'
  | 'not_well_formed'
  | 'raw_ampersand'
  | 'too_deep'
  | 'too_many_elements'

/** Thrown inside the reader, caught at its door. */
export class Refusal extends Error {
  readonly code: RefusalCode
  constructor(code: RefusalCode, detail: string) {
    super(detail)
    this.code = code
  }
}

export function malformed(detail: string): Refusal {
  return new Refusal('not_well_formed', detail)
}
