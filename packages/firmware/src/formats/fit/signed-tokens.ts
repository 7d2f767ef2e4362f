import type { Fdt, FdtNode } from './read-fdt.ts'
import type { FdtProperty, Token } from './fdt-tokens.ts'

/** Where the data of an image lies may change after it was signed: its hash is signed instead. */
const PLACES = ['data', 'data-size', 'data-position', 'data-offset']

export function saysWhereDataIs({ name }: FdtProperty): boolean {
  return PLACES.includes(name)
}

/**
 * The pieces of the structure that a signature over these nodes covers, in their order (U-Boot, `fdt_find_regions`): of
 * a node that is named everything but its nodes; of those its tags alone; and the tag that ends the structure.
 */
export function signedTokens({ root, finish }: Fdt, named: ReadonlySet<string>): Token[] {
  const tokensOf = (node: FdtNode, parentIsNamed: boolean): Token[] => {
    const isNamed = named.has(node.path)
    const tags = isNamed || parentIsNamed
    return [
      ...(tags ? [node.begin] : []),
      ...(isNamed ? signedProperties(node).map(({ token }) => token) : []),
      ...node.children.values().flatMap((child) => tokensOf(child, isNamed)),
      ...(tags ? [node.end] : []),
    ]
  }
  return [...tokensOf(root, false), finish]
}

export function signedProperties({ properties }: FdtNode): FdtProperty[] {
  return [...properties.values()].filter((property) => !saysWhereDataIs(property))
}
