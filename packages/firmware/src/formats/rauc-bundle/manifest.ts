import { NO_FACTS, type ImageFacts, type ImageMember } from '../image-facts.ts'
import { refuse } from '../refuse.ts'
import { checkPath, checkText, readText } from '../checked-text.ts'
import { readKeyFile, type KeyFile } from './key-file.ts'

/** A manifest of RAUC (manifest.raucm), as far as an operator and the check of its bundle need it. */
export interface Manifest {
  readonly format: string
  readonly verity: { readonly rootHash: string; readonly salt: string; readonly size: number } | null
  readonly facts: ImageFacts
}

const MAX_IMAGES = 64

export function readManifest(bytes: Uint8Array): Manifest {
  const groups = readKeyFile(readText(bytes, 'the manifest', { max: bytes.length, lines: true }))
  const update = groups.get('update')
  const compatible = update?.get('compatible')
  if (compatible === undefined)
    return refuse('format_malformed', 'the manifest does not say what it is compatible with')
  const images = [...groups].filter(([name]) => name.startsWith('image.'))
  if (images.length > MAX_IMAGES) refuse('format_limit_exceeded', `${images.length} images; at most ${MAX_IMAGES}`)
  return {
    // What says nothing is plain (RAUC, reference: [bundle] format).
    format: groups.get('bundle')?.get('format') ?? 'plain',
    verity: readVerity(groups),
    facts: {
      ...NO_FACTS,
      boards: [checkText(compatible, 'compatible')],
      version: textOf(update, 'version'),
      description: textOf(update, 'description', 2_048),
      members: images.map(([name, fields]) => readImage(name, fields)),
      more: moreOf(groups),
    },
  }
}

function readVerity(groups: KeyFile): Manifest['verity'] {
  const bundle = groups.get('bundle')
  const [rootHash, salt, size] = ['verity-hash', 'verity-salt', 'verity-size'].map((name) => bundle?.get(name))
  if (rootHash === undefined && salt === undefined && size === undefined) return null
  if (!/^[0-9a-f]{64}$/i.test(rootHash ?? '') || !/^[0-9a-f]{64}$/i.test(salt ?? ''))
    return refuse('format_malformed', 'verity-hash and verity-salt are not 32 bytes each')
  return { rootHash: rootHash!.toLowerCase(), salt: salt!.toLowerCase(), size: sizeOf(size, 'verity-size') }
}

function readImage(name: string, fields: ReadonlyMap<string, string>): ImageMember {
  const sha256 = fields.get('sha256') ?? null
  if (sha256 !== null && !/^[0-9a-f]{64}$/i.test(sha256)) refuse('format_malformed', `the sha256 of [${name}] is none`)
  const file = fields.get('filename')
  // An image of type emptyfs has no file (RAUC, reference: [image.*] filename).
  return {
    name: file === undefined ? name.slice('image.'.length) : checkPath(checkText(file, 'a filename'), `[${name}]`),
    size: fields.has('size') ? sizeOf(fields.get('size'), `the size of [${name}]`) : 0,
    sha256: sha256?.toLowerCase() ?? null,
  }
}

/** What an operator wants to know before a bundle runs code of its own on a device, or is too new for it. */
function moreOf(groups: KeyFile): Record<string, string> {
  const told = {
    build: groups.get('update')?.get('build'),
    min_rauc_version: groups.get('update')?.get('min-rauc-version'),
    hook: groups.get('hooks')?.get('filename'),
    handler: groups.get('handler')?.get('filename'),
    slots: [...groups.keys()]
      .filter((name) => name.startsWith('image.'))
      .map((name) => name.slice('image.'.length))
      .join('; '),
  }
  return Object.fromEntries(
    Object.entries(told).flatMap(([name, value]) => (value ? [[name, checkText(value, name, { max: 4_096 })]] : [])),
  )
}

function textOf(group: ReadonlyMap<string, string> | undefined, key: string, max = 256): string | null {
  const text = group?.get(key)
  return text === undefined ? null : checkText(text, key, { max, lines: max > 256 })
}

function sizeOf(text: string | undefined, what: string): number {
  const size = /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN
  return Number.isSafeInteger(size) ? size : refuse('format_malformed', `${what} is no size`)
}
