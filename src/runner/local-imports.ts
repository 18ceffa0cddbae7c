// Which files a task module is made of: itself and what it imports by a relative path, and what those import. Read from the
// text alone, before anything is loaded, so a specifier in a comment counts as well: that does no harm here.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])(\.{1,2}\/[^'"\n]+)\1/g
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
  for (const path of found) {
    if (found.size >= FILES_MAX) break
    for (const { path: imported } of localImports(path)) if (imported !== undefined) found.add(imported)
  }
  return [...found]
}

export function localImports(path: string): readonly LocalImport[] {
  const text = SOURCE.test(path) ? textOf(path) : ''
  return [...text.matchAll(SPECIFIER)].map((match) => ({
    line: text.slice(0, match.index + match[0].length).split('\n').length,
    specifier: match[2]!,
    path: fileOf(resolve(dirname(path), match[2]!)),
  }))
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
