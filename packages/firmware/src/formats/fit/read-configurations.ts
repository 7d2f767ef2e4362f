import { refuse } from '../refuse.ts'
import { bytesOf, stringOf, stringsOf } from './fdt-values.ts'
import type { FdtNode } from './read-fdt.ts'

/** What of a configuration names images (U-Boot, doc: FIT, "Configuration nodes"). */
const NAMES_IMAGES = ['kernel', 'fdt', 'ramdisk', 'firmware', 'loadables', 'fpga', 'script', 'setup', 'standalone']

export interface FitConfiguration {
  readonly node: FdtNode
  /** The paths of the images that it is made of. */
  readonly images: readonly string[]
  readonly compatible: readonly string[]
  readonly signatures: readonly FitSignature[]
}

/** A signature as it is written down: `mkimage -k`. */
export interface FitSignature {
  readonly node: FdtNode
  /** `sha256,rsa2048` */
  readonly algorithm: string
  /** `pkcs-1.5` where it does not say. */
  readonly padding: string
  readonly value: Buffer
  /** What the signer calls the key. */
  readonly keyHint: string | null
  /** The nodes that are signed, by their paths. */
  readonly signedNodes: readonly string[]
  /** How many bytes of names are signed, from the first on. */
  readonly signedStrings: number
}

/** The configurations of a FIT: which of its images belong together, and who says so. */
export function readConfigurations(root: FdtNode): readonly FitConfiguration[] {
  return [...(root.children.get('configurations')?.children.values() ?? [])].map((node) => ({
    node,
    images: NAMES_IMAGES.flatMap((name) => stringsOf(node, name) ?? []).map((name) => `/images/${name}`),
    compatible: stringsOf(node, 'compatible') ?? [],
    signatures: [...node.children.values()].map(readSignature),
  }))
}

function readSignature(node: FdtNode): FitSignature {
  if (!node.name.startsWith('signature')) refuse('format_feature_not_supported', `${node.path} is no signature`)
  const algorithm = stringOf(node, 'algo')
  const value = bytesOf(node, 'value')
  const signedNodes = stringsOf(node, 'hashed-nodes')
  const strings = bytesOf(node, 'hashed-strings')
  if (algorithm === null || value === null || signedNodes === null || strings?.length !== 8 || node.children.size > 0)
    refuse('format_malformed', `${node.path} is not what mkimage makes of a signature`)
  if (strings.readUInt32BE() !== 0) refuse('format_malformed', `${node.path} signs names from another than the first`)
  const padding = stringOf(node, 'padding') ?? 'pkcs-1.5'
  const signedStrings = strings.readUInt32BE(4)
  return { node, algorithm, padding, value, keyHint: stringOf(node, 'key-name-hint'), signedNodes, signedStrings }
}
