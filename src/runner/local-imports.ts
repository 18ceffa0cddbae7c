// Which files a task module is made of: itself and what it imports by a relative path or by a path of its tsconfig.json, and
// what those import. Read from the text alone, before anything is loaded, so a specifier in a comment counts as well: that
// does no harm here.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Aliases, aliasesFor } from './tsconfig-paths.js'

const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"\n]+)\1/g
const RELATIVE = /^\.{1,2}\//
const SOURCE = /\.[cm]?[jt]sx?$/
const TYPESCRIPT = /\.(?:[cm]?ts|tsx)$/
/** As they are tried for a specifier without one. */
const ENDINGS = ['', '.ts', '.tsx', '.js', '.json', '.mts', '.mjs', '.cts', '.cjs', '/index.ts', '/index.js'] as const
const FILES_MAX = 1_000

export interface LocalImport {
  /** Of its line in the file, counted from 1. */
  readonly line: number
  readonly specifier: string
  /** None where there is no such file. */
  readonly path: string | undefined
}

export function isTypeScript(path: string): boolean {
  return TYPESCRIPT.test(path)
}

/** `entry` first; files that cannot be read are in it, for they may come. */
export function localFiles(entry: string): readonly string[] {
  const found = new Set([entry])
  const aliases = aliasesFor(entry)
  for (const path of found) {
    if (found.size >= FILES_MAX) break
    for (const { path: imported } of localImports(path, aliases)) if (imported !== undefined) found.add(imported)
  }
  return [...found]
}

/** Without `aliases` those by a relative path; a specifier that may be a package's is there only where it is a file. */
export function localImports(path: string, aliases: Aliases = () => []): readonly LocalImport[] {
  const text = SOURCE.test(path) ? textOf(path) : ''
  return [...text.matchAll(SPECIFIER)].flatMap((match) => {
    const specifier = match[2]!
    const relative = RELATIVE.test(specifier)
    const meant = relative ? [resolve(dirname(path), specifier)] : aliases(specifier)
    const file = meant.map(fileOf).find((each) => each !== undefined)
    if (!relative && file === undefined) return []
    return [{ line: text.slice(0, match.index + match[0].length).split('\n').length, specifier, path: file }]
  })
}

/** `./helper.js` may mean helper.ts, as the compiler has it. */
function fileOf(path: string): string | undefined {
  const written = ENDINGS.map((ending) => `${path}${ending}`)
  const meant = path.replace(/\.([cm]?)js(x?)$/, '.$1ts$2')
  return [...written, meant, meant.replace(/\.ts$/, '.tsx')].find(isFile)
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
