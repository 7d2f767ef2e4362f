import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface House {
  readonly root: string
  readonly packages: readonly {
    readonly name: string
    readonly folder: string
    /** Other packages of the house, at run time. */
    readonly dependencies: readonly string[]
    readonly runtimeDependencies: readonly string[]
    readonly allDependencies: readonly string[]
  }[]
  readonly files: readonly {
    readonly path: string
    readonly package: string
    readonly packageFolder: string
    readonly isTest: boolean
    readonly imports: readonly string[]
  }[]
}

/** What the tree says of itself: package.json files, source files, their imports. */
export function readHouse(root: string): House {
  const manifests = globSync(
    ['packages/*/package.json', 'services/*/package.json', 'demo/package.json', 'test/package.json'],
    {
      cwd: root,
    },
  )
  const packages = manifests.map((path) => {
    const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as {
      name: string
      dependencies?: Record<string, string>
      devDependencies?: Record<string, string>
    }
    const runtimeDependencies = Object.keys(manifest.dependencies ?? {})
    return {
      name: shortName(manifest.name),
      folder: dirname(path),
      runtimeDependencies,
      allDependencies: [...runtimeDependencies, ...Object.keys(manifest.devDependencies ?? {})],
      dependencies: runtimeDependencies.filter((name) => name.startsWith('@sluice/')).map(shortName),
    }
  })
  const files = packages.flatMap((one) =>
    globSync(`${one.folder}/**/*.ts`, { cwd: root, exclude: (name) => name.includes('node_modules') }).map((path) => ({
      path,
      package: one.name,
      packageFolder: one.folder,
      isTest:
        /\.(test|suite)\.ts$/.test(path) ||
        one.name === 'test' ||
        /\/test-[^/]*\.ts$/.test(path) ||
        /\/(testing|test|conformance)\//.test(path),
      imports: importsOf(readFileSync(join(root, path), 'utf8')),
    })),
  )
  return { root, packages, files }
}

function shortName(name: string): string {
  return name.replace('@sluice/', '')
}

function importsOf(text: string): string[] {
  return [
    ...text.matchAll(
      /^\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bawait import\(['"]([^'"]+)['"]\)/gm,
    ),
  ].map((match) => (match[1] ?? match[2] ?? match[3])!)
}
