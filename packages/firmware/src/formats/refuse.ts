import { refusedImage, type FormatRefusal, type ImageSource, type Parsed, type ParsedImage } from './format.ts'

/** Why bytes are refused. Thrown and caught within one parser, so that its steps read as what they look for. */
export class Refusal extends Error {
  readonly code: FormatRefusal
  constructor(code: FormatRefusal, detail: string) {
    super(detail)
    this.code = code
  }
}

export function refuse(code: FormatRefusal, detail: string): never {
  throw new Refusal(code, detail)
}

/** A parser whose steps refuse by throwing. */
export function refusing(
  read: (source: ImageSource) => Promise<ParsedImage>,
): (source: ImageSource) => Promise<Parsed> {
  return async (source) => {
    try {
      return { kind: 'parsed', image: await read(source) }
    } catch (error) {
      if (error instanceof Refusal) return refusedImage(error.code, error.message)
      throw error
    }
  }
}
