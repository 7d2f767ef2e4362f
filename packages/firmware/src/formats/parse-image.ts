import {
  refusedImage,
  type ImageEnds,
  type ImageFormat,
  type ImageParser,
  type ImageSource,
  type Parsed,
} from './format.ts'
import { fit } from './fit/fit.ts'
import { openwrtSysupgrade } from './openwrt-sysupgrade/openwrt-sysupgrade.ts'
import { raucBundle } from './rauc-bundle/parse-bundle.ts'
import { raw } from './raw.ts'
import { isSignedStatement } from './signed-statement.ts'
import { swupdate } from './swupdate/parse-swupdate.ts'
import { tr069SignedPackage } from './tr069-signed-package/parse-signed-package.ts'
import { uimage } from './uimage.ts'

/**
 * In the order in which they are asked. OpenWrt's is told by the end of an image, which may begin as any other; `raw`
 * recognises everything and comes last.
 */
const PARSERS: readonly ImageParser[] = [openwrtSysupgrade, fit, uimage, tr069SignedPackage, raucBundle, swupdate, raw]

const END_BYTES = 64

/**
 * Reads an image as the format it looks like. Where a format was declared, an image that looks otherwise is refused:
 * only `raw` may be declared for anything, and means that nobody looks inside.
 */
export async function parseImage(
  source: ImageSource,
  declared: ImageFormat | null,
  parsers: readonly ImageParser[] = PARSERS,
): Promise<Parsed> {
  const ends = await readEnds(source)
  if (isSignedStatement(ends)) return refusedImage('format_malformed', 'a statement that somebody signed, and no image')
  if (declared === 'raw') return raw.parse(source)
  const looksLike = parserFor(ends, parsers)
  if (declared === null || declared === looksLike.format) return looksLike.parse(source)
  return refusedImage('format_mismatch', `declared as ${declared}, but looks like ${looksLike.format}`)
}

function parserFor(ends: ImageEnds, parsers: readonly ImageParser[]): ImageParser {
  return parsers.find((parser) => parser.recognises(ends)) ?? raw
}

async function readEnds(source: ImageSource): Promise<ImageEnds> {
  const length = Math.min(END_BYTES, source.size)
  return {
    head: await source.read({ start: 0, end: length }),
    tail: await source.read({ start: source.size - length, end: source.size }),
  }
}
