// Where a module that cannot be loaded is wrong: Node and esbuild say it in many ways, people read it in one,
// `./tasks.ts:12:7: what is wrong`.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isAbsolute, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DtrError } from '../errors.js'
import { placeOfKeys } from './keys.js'
import { localFiles, localImports } from './local-imports.js'
import { taskErrorOf } from './thrown.js'

interface Place {
  readonly path: string
  readonly line?: number
  readonly column?: number
  /** Where it is known better than the error tells. */
  readonly what?: string
}

/** Where source maps are on a stack names our sources, not what was compiled from them. */
const OWN_FOLDERS = ['../', '../../../src/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))
const CHECK_MS_MAX = 5_000
const AWAIT_IN_COMMONJS =
  'await at the top level needs an ES module: name the file .mts, or put "type": "module" into its package.json'

/** A path as a person in this folder would write it. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') || isAbsolute(short) ? path : `.${sep}${short}`
}

/** @param entry the task module that was loaded, which may not be where the error is */
export function loadError(entry: string, thrown: unknown): DtrError {
  const text = textOf(thrown)
  const { path, line, column, what = text } = placeOf(entry, thrown) ?? { path: entry }
  const place = [shown(path), line, column].filter((part) => part !== undefined).join(':')
  const hint = thrown instanceof DtrError && thrown.hint !== undefined ? { hint: thrown.hint } : {}
  return new DtrError('bad_input', `${place}: ${what}`, { ...hint, cause: thrown })
}

function textOf(thrown: unknown): string {
  const { message } = taskErrorOf(thrown, 'bad_input')
  // What follows the first line is for those who read stacks.
  const [first = message] = message.split('\n')
  return first.replace(/^(?:SyntaxError|DtrError): /, '')
}

function placeOf(entry: string, thrown: unknown): Place | undefined {
  if (!(thrown instanceof Error)) return undefined
  const stack = String(thrown.stack ?? '')
  return (
    placeOfDefinition(entry, thrown) ??
    placeOfTransform(entry, thrown.message) ??
    placeOfImport(entry, thrown) ??
    placeAbove(stack) ??
    (thrown instanceof SyntaxError ? placeOfSyntax(entry) : undefined) ??
    placeInStack(stack)
  )
}

/** Of a definition that was refused: where its keys stand in the module. */
function placeOfDefinition(entry: string, thrown: Error): Place | undefined {
  if (!('keys' in thrown)) return undefined
  const keys = thrown.keys as readonly string[]
  const files = localFiles(entry).map((path) => ({ path, text: linesOf(path).join('\n') }))
  // A schema may be written elsewhere than the task that it is for: then the last key has to do.
  for (const searched of [keys, keys.slice(-1)]) {
    for (const { path, text } of files) {
      const place = placeOfKeys(text, searched)
      if (place !== undefined) return { path, ...place }
    }
  }
  return undefined
}

/** esbuild: `/path/tasks.ts:4:2: ERROR: Expected "}" but found "two"`; it counts columns from 0. */
function placeOfTransform(entry: string, message: string): Place | undefined {
  const match = /^(.+?):(\d+):(\d+): ERROR: (.*)$/m.exec(message)
  if (match === null) return undefined
  const what = /^Top-level await .*"cjs"/.test(match[4]!) ? AWAIT_IN_COMMONJS : match[4]!
  // tsx calls a .cts and a .mts by the name of a .ts.
  const path = localFiles(entry).find((file) => file.replace(/\.[cm]ts$/, '.ts') === match[1]) ?? match[1]!
  return { path, line: Number(match[2]), column: Number(match[3]) + 1, what }
}

/** A module that is not there: Node names who imports it, and not in which line. */
function placeOfImport(entry: string, thrown: Error): Place | undefined {
  const { code } = thrown as NodeJS.ErrnoException
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined
  const what = thrown.message.split('\n')[0]!.replace(/ imported from .*$/s, '')
  const importer = / imported from (.+)$/m.exec(thrown.message)?.[1] ?? /^- (.+)$/m.exec(thrown.message)?.[1]
  const path = importer === undefined ? entry : pathOf(importer)
  const missing = localImports(path).find((one) => one.path === undefined)
  if (missing !== undefined && /['"](?:\/|\.)/.test(what)) {
    return { path, line: missing.line, what: `cannot find '${missing.specifier}'` }
  }
  const name = /'([^']+)'/.exec(what)?.[1]
  const line = name === undefined ? 0 : lineWith(path, name)
  return line === 0 ? { path, what } : { path, line, what }
}

/** Counted from 1; 0 where it is nowhere. */
function lineWith(path: string, name: string): number {
  const quoted = [`'${name}`, `"${name}`]
  return linesOf(path).findIndex((line) => quoted.some((text) => line.includes(text))) + 1
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

/** What Node writes above a stack: the file with the line, the line, and a caret below it. */
function placeAbove(text: string): Place | undefined {
  const match = /^(file:.+|\/.+|\[stdin\]):(\d+)\n.*\n( *)\^/.exec(text)
  if (match === null) return undefined
  return { path: pathOf(match[1]!), line: Number(match[2]), column: match[3]!.length + 1 }
}

/** Of an error of syntax in a JavaScript module Node keeps the place to itself unless it is asked by `--check`. */
function placeOfSyntax(entry: string): Place | undefined {
  for (const path of localFiles(entry)) {
    if (!/\.m?js$/.test(path)) continue
    const input = linesOf(path).join('\n')
    const arguments_ = ['--input-type=module', '--check', '-']
    const checked = spawnSync(process.execPath, arguments_, { input, encoding: 'utf8', timeout: CHECK_MS_MAX })
    const place = checked.status === 0 ? undefined : placeOfCheck(checked.stderr)
    if (place !== undefined) return { ...place, path }
  }
  return undefined
}

/** At the end of a file there is no line to show. */
function placeOfCheck(stderr: string): Place | undefined {
  const line = /^\[stdin\]:(\d+)\n/.exec(stderr)?.[1]
  return placeAbove(stderr) ?? (line === undefined ? undefined : { path: '', line: Number(line) })
}

/** The uppermost line that is of the user's own code. */
function placeInStack(stack: string): Place | undefined {
  for (const [, where, line, column] of stack.matchAll(
    /^ +at .*?(?<=[ (])((?:file:\/\/)?\/[^():]+):(\d+):(\d+)\)?$/gm,
  )) {
    const path = pathOf(where!)
    if (path.includes(`${sep}node_modules${sep}`) || OWN_FOLDERS.some((folder) => path.startsWith(folder))) continue
    return { path, line: Number(line), column: Number(column) }
  }
  return undefined
}

function pathOf(where: string): string {
  const plain = where.replace(/[?#].*$/, '')
  return plain.startsWith('file:') ? fileURLToPath(plain) : plain
}
