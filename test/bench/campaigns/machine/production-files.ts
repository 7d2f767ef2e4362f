import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The files that an import of a package loads of it, with what they are: proof of what was run. */
export function productionFiles(specifier: string): { readonly path: string; readonly sha256: string }[] {
  const root = join(import.meta.dirname, '../../../..')
  const files = [fileURLToPath(import.meta.resolve(specifier))]
  for (const file of files) {
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)) {
      const imported = join(dirname(file), path!)
      if (!files.includes(imported)) files.push(imported)
    }
  }
  return files.toSorted().map((file) => ({
    path: relative(root, file),
    sha256: createHash('sha256').update(readFileSync(file)).digest('hex'),
  }))
}
