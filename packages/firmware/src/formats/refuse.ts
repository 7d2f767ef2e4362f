import { refusedImage, type FormatRefusal, type Parsed, type ParsedImage } from './format.ts'

/** A detail quotes the image, which may name things as long as it likes. */
const LONGEST_DETAIL = 300

class Refusal extends Error {
  readonly code: FormatRefusal

  constructor(code: FormatRefusal, detail: string) {
    super(detail.slice(0, LONGEST_DETAIL))
    this.code = code
  }
}

/** Ends the reading of an image, from however deep within it. Only inside `orRefused`. */
export function refuse(code: FormatRefusal, detail: string): never {
  throw new Refusal(code, detail)
}

/** What was read, or why the image was refused. */
export async function orRefused(read: () => Promise<ParsedImage>): Promise<Parsed> {
  try {
    return { kind: 'parsed', image: await read() }
  } catch (error) {
    if (error instanceof Refusal) return refusedImage(error.code, error.message)
    throw error
  }
}
