import { unsignedOf } from '../cms-signatures.ts'
import { hashCheck } from '../digest-checks.ts'
import type { ImageParser, ImageSource, ParsedImage, SpanCheck, UnsignedSpan } from '../format.ts'
import { orRefused, refuse } from '../refuse.ts'
import { CPIO_MAGICS, readArchive, type Archive, type Member } from './cpio.ts'
import { descriptionSignatures, readDescriptionSignature, type DescriptionSignature } from './description-signature.ts'
import { sumCheck } from './sum-check.ts'
import { readDescription, type Description } from './sw-description.ts'

const MAX_DESCRIPTION = 256 * 1024
const MAX_SIGNATURE = 64 * 1024

/**
 * An update of SWUpdate: a cpio archive that begins with sw-description and, where it is signed, sw-description.sig. The
 * signature covers the description, and the description the other members by their SHA-256.
 */
export const swupdate: ImageParser = {
  format: 'swupdate',
  recognises: ({ head }) => CPIO_MAGICS.includes(Buffer.from(head.subarray(0, 6)).toString('latin1')),
  parse: (source) => orRefused(() => readUpdate(source)),
}

async function readUpdate(source: ImageSource): Promise<ParsedImage> {
  const archive = await readArchive(source)
  const { description: descriptionMember, signature: signatureMember, files } = assignMembers(archive)
  const description = readDescription(await readMember(source, descriptionMember, MAX_DESCRIPTION))
  const signature =
    signatureMember && readDescriptionSignature(await readMember(source, signatureMember, MAX_SIGNATURE))
  checkFiles(files, description, { signed: signature !== null })
  return {
    format: 'swupdate',
    facts: { ...description.facts, members: files.map((file) => asFact(file, description)) },
    digests: [...archive.members.flatMap(sumsOf), ...files.flatMap((file) => digestsOf(file, description))],
    signatures: signature === null ? [] : descriptionSignatures(signature, descriptionMember.content),
    unsigned: [...bookkeepingOf(archive), ...certificatesOf(signature, signatureMember)],
  }
}

interface Roles {
  readonly description: Member
  readonly signature: Member | null
  /** What is installed. */
  readonly files: readonly Member[]
}

/** The description comes first, its signature right behind it (SWUpdate, "Building a signed SWU image"). */
function assignMembers({ members: [description, second, ...others] }: Archive): Roles {
  if (description?.name !== 'sw-description')
    return refuse('format_malformed', 'the archive does not begin with sw-description')
  const signature = second?.name === SIGNATURE_NAME ? second : null
  const files = second === undefined || signature !== null ? others : [second, ...others]
  if (files.some(({ name }) => name === SIGNATURE_NAME))
    refuse('format_malformed', 'sw-description.sig does not follow sw-description')
  return { description, signature, files }
}

const SIGNATURE_NAME = 'sw-description.sig'

async function readMember(source: ImageSource, { name, content }: Member, most: number): Promise<Uint8Array> {
  if (content.end - content.start > most)
    refuse('format_limit_exceeded', `${name} has ${content.end - content.start} bytes; at most ${most}`)
  return source.read(content)
}

/**
 * What is described is there, and what is there is described. In a signed update each file has its SHA-256: one without
 * would be a way around the signature, and a device refuses it too.
 */
function checkFiles(members: readonly Member[], { files }: Description, { signed }: { signed: boolean }): void {
  const there = new Set(members.map(({ name }) => name))
  for (const [name, sha256] of files) {
    if (!there.has(name)) refuse('format_malformed', `sw-description names ${name}, which is not there`)
    if (signed && sha256 === null) refuse('format_malformed', `sw-description is signed, but has no sha256 of ${name}`)
  }
  const unnamed = members.find(({ name }) => !files.has(name))
  if (unnamed !== undefined) refuse('format_trailing_bytes', `sw-description does not name ${unnamed.name}`)
}

function asFact({ name, content }: Member, { files }: Description) {
  return { name, size: content.end - content.start, sha256: files.get(name) ?? null }
}

function sumsOf({ name, content, sum }: Member): SpanCheck<boolean>[] {
  return sum === null ? [] : [sumCheck(sum, { name, span: content })]
}

function digestsOf({ name, content }: Member, { files }: Description): SpanCheck<boolean>[] {
  const sha256 = files.get(name)
  return sha256 == null ? [] : [hashCheck(`sha256 of ${name}`, content, 'sha256', Buffer.from(sha256, 'hex'))]
}

function bookkeepingOf({ members, end }: Archive): UnsignedSpan[] {
  const why =
    'bookkeeping of the archive: name and size are held against sw-description, the rest means nothing to SWUpdate'
  return [...members.flatMap(({ header, padding }) => [header, padding]), end]
    .filter((span) => span.start < span.end)
    .map((span) => ({ span, why }))
}

function certificatesOf(signature: DescriptionSignature | null, member: Member | null): UnsignedSpan[] {
  return signature?.kind === 'cms' && member !== null ? unsignedOf(signature.signedData, member.content.start) : []
}
