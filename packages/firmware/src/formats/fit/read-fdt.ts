import type { ImageSource } from '../format.ts'
import { refuse } from '../refuse.ts'
import type { FdtLayout } from './fdt-header.ts'
import { createTokens, type FdtProperty, type Token } from './fdt-tokens.ts'

/** FIT needs four levels: the root, `/images`, an image, its hash. */
const DEEPEST = 6

export interface FdtNode {
  readonly name: string
  /** From the root: `/`, `/images/kernel-1`. */
  readonly path: string
  readonly begin: Token
  readonly end: Token
  readonly properties: ReadonlyMap<string, FdtProperty>
  readonly children: ReadonlyMap<string, FdtNode>
}

export interface Fdt {
  readonly root: FdtNode
  /** The tag that ends the structure. */
  readonly finish: Token
}

/** Reads a flattened tree, within limits and without its data: values of more than 16 KiB are left where they are. */
export async function readFdt(source: ImageSource, layout: FdtLayout): Promise<Fdt> {
  const next = await createTokens(source, layout)

  const readNode = async (name: string, path: string, begin: Token, depth: number): Promise<FdtNode> => {
    if (depth > DEEPEST) refuse('format_limit_exceeded', `a tree of more than ${DEEPEST} levels`)
    const properties = new Map<string, FdtProperty>()
    const children = new Map<string, FdtNode>()
    for (;;) {
      const item = await next()
      switch (item.kind) {
        case 'begin':
          if (children.has(item.name)) refuse('format_duplicate', `${path} has two nodes ${item.name}`)
          children.set(item.name, await readNode(item.name, below(path, item.name), item.token, depth + 1))
          break
        case 'property':
          if (children.size > 0) refuse('format_malformed', `${path} has a property after its nodes`)
          if (properties.has(item.property.name)) refuse('format_duplicate', `${path} has ${item.property.name} twice`)
          properties.set(item.property.name, item.property)
          break
        case 'end':
          return { name, path, begin, end: item.token, properties, children }
        case 'finish':
          return refuse('format_malformed', `the tree ends within ${path}`)
      }
    }
  }

  const first = await next()
  if (first.kind !== 'begin' || first.name !== '') refuse('format_malformed', 'the tree has no root')
  const root = await readNode('', '/', first.token, 1)
  const last = await next()
  if (last.kind !== 'finish') refuse('format_malformed', 'the tree goes on after its root')
  return { root, finish: last.token }
}

/** Names of nodes as the Devicetree Specification 2.2.1 has them: none holds a slash, and none is `..`. */
function below(path: string, name: string): string {
  if (!/^[A-Za-z0-9,._+@-]{1,128}$/.test(name)) refuse('format_malformed', `a node of ${path} has no name`)
  if (/^\.+$/.test(name)) refuse('format_path_unsafe', `a node of ${path} is named ${name}`)
  return path === '/' ? `/${name}` : `${path}/${name}`
}
