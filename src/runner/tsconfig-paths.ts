// Which files a specifier such as '@lib/words' may mean, by the `paths` and `baseUrl` of a tsconfig.json: for those who
// read modules before anything is loaded. What is loaded is found by tsx.
import { readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { parse } from 'jsonc-parser'

/** Absolute paths, the best first, as they are written: without an ending where none is said. */
export type Aliases = (specifier: string) => readonly string[]

interface Options {
  readonly paths?: Readonly<Record<string, unknown>>
  /** The folder that `paths` are seen from, where there is no `baseUrl`. */
  readonly folder?: string
  readonly baseUrl?: string
}

const EXTENDS_MAX = 10

export function nearestTsconfig(folder: string): string | undefined {
  const path = join(folder, 'tsconfig.json')
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path
  const above = dirname(folder)
  return above === folder ? undefined : nearestTsconfig(above)
}

/** As they hold for a task module and for what it imports. */
export function aliasesFor(module: string): Aliases {
  const tsconfig = nearestTsconfig(dirname(module))
  const { paths = {}, baseUrl, folder } = tsconfig === undefined ? {} : optionsOf(tsconfig, EXTENDS_MAX)
  const from = baseUrl ?? folder
  if (from === undefined) return () => []
  // An exact name before a pattern, and the pattern that says most before the others.
  const patterns = Object.entries(paths).sort(([a], [b]) => said(b) - said(a))
  return (specifier) => {
    const meant = patterns.flatMap(([pattern, targets]) => {
      const star = starOf(pattern, specifier)
      return star === undefined
        ? []
        : texts(targets).map((target) =>
            resolve(
              from,
              target.replace('*', () => star),
            ),
          )
    })
    return baseUrl === undefined ? meant : [...meant, resolve(baseUrl, specifier)]
  }
}

function said(pattern: string): number {
  const star = pattern.indexOf('*')
  return star === -1 ? Number.POSITIVE_INFINITY : star
}

/** What stands for the `*` of a pattern; nothing where the pattern does not fit. */
function starOf(pattern: string, specifier: string): string | undefined {
  const [before, after] = pattern.split('*', 2) as [string, string?]
  if (after === undefined) return specifier === pattern ? '' : undefined
  const fits = specifier.startsWith(before) && specifier.endsWith(after)
  return fits ? specifier.slice(before.length, specifier.length - after.length) : undefined
}

/** With what it inherits. What a package holds that it extends names no files of the user's. */
function optionsOf(path: string, extendsMax: number): Options {
  const folder = dirname(path)
  const { extends: parents, compilerOptions } = objectIn(path)
  const inherited = texts(parents)
    .filter((parent) => /^(?:\.{0,2}\/)/.test(parent) && extendsMax > 0)
    .map((parent) => resolve(folder, extname(parent) === '.json' ? parent : `${parent}.json`))
    .map((parent) => optionsOf(parent, extendsMax - 1))
  const { paths, baseUrl } = (compilerOptions ?? {}) as { paths?: object | null; baseUrl?: unknown }
  return Object.assign(
    {},
    ...inherited,
    typeof paths === 'object' && paths !== null ? { paths, folder } : {},
    typeof baseUrl === 'string' ? { baseUrl: resolve(folder, baseUrl) } : {},
  )
}

function objectIn(path: string): { readonly extends?: unknown; readonly compilerOptions?: unknown } {
  try {
    const value: unknown = parse(readFileSync(path, 'utf8'), [], { allowTrailingComma: true })
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function texts(value: unknown): readonly string[] {
  return [value].flat().filter((each) => typeof each === 'string')
}
