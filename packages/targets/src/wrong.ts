/** Thrown and caught within `parse`: what is wrong with a text, at which character of it, from 1. */
export class Wrong extends Error {
  override readonly name = 'Wrong'
  readonly at: number

  constructor(at: number, detail: string) {
    super(`at character ${at}: ${detail}`)
    this.at = at
  }
}
