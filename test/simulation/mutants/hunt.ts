// Proves that the checkers can see: each mutant is dtr with one planted fault, in a copy of what was compiled, and the same
// seeds must find the promise that it breaks. A crash does not count, nor does the checker of another promise.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Table from 'cli-table3'
import { checkers } from '../checkers/all.js'
import { CRASH } from '../run.js'
import { MUTANTS } from './list.js'
import type { Edit, Mutant } from './mutant.js'

const ROOT = resolve(import.meta.dirname, '../../../..')

interface Catch {
  readonly seed: number
  readonly promise: string
  readonly what: string
}

/** @returns the exit code: 0 where all of them were caught, and each checker has caught one */
export async function huntMutants(seeds: number, only?: string): Promise<number> {
  const chosen = only === undefined ? MUTANTS : MUTANTS.filter(({ name }) => name.includes(only))
  const table = new Table({
    head: ['mutant', 'breaks', 'caught by', 'seed', 'what was seen'],
    style: { head: [], border: [] },
  })
  const missed: string[] = []
  const seen = new Set<string>()
  const folder = copyOfDist()
  try {
    for (const mutant of chosen) {
      const caught = hunt(folder, mutant, seeds)
      const right = caught !== undefined && mutant.breaks.includes(caught.promise)
      if (right) seen.add(caught.promise)
      else missed.push(mutant.name)
      const verdict = caught === undefined ? 'NOBODY' : `${caught.promise}${right ? '' : ', WRONG'}`
      table.push([mutant.name, mutant.breaks.join(' '), verdict, caught?.seed ?? '', (caught?.what ?? '').slice(0, 60)])
      process.stderr.write(`${right ? 'caught' : 'MISSED'} ${mutant.name}: ${verdict}\n`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const blind = only === undefined ? checkers().filter(({ promise }) => !seen.has(promise)) : []
  console.log(`\n${table.toString()}`)
  console.log(`${chosen.length - missed.length} of ${chosen.length} mutants were caught within ${seeds} seeds`)
  if (missed.length > 0) console.log(`not caught: ${missed.join(', ')}`)
  if (blind.length > 0) console.log(`caught none: the checkers of ${blind.map(({ promise }) => promise).join(', ')}`)
  return missed.length + blind.length === 0 ? 0 : 1
}

function copyOfDist(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dtr-mutants-'))
  for (const part of ['dist/src', 'dist/test/simulation'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function hunt(folder: string, { edits, breaks }: Mutant, seeds: number): Catch | undefined {
  const originals = new Map<string, string>()
  try {
    for (const edit of edits) {
      const path = join(folder, 'dist/src', edit.file)
      const text = readFileSync(path, 'utf8')
      if (!originals.has(path)) originals.set(path, text)
      writeFileSync(path, edited(text, edit))
    }
    const main = join(folder, 'dist/test/simulation/main.js')
    const { stdout, status, stderr } = spawnSync(
      process.execPath,
      [main, '--hunted', breaks.join(), '--seeds', String(seeds)],
      {
        encoding: 'utf8',
      },
    )
    if (status !== 0) return { seed: 0, promise: CRASH, what: stderr.slice(0, 500) }
    return stdout === '' ? undefined : (JSON.parse(stdout) as Catch)
  } finally {
    for (const [path, text] of originals) writeFileSync(path, text)
  }
}

function edited(text: string, { file, find, replace }: Edit): string {
  const times = text.split(find).length - 1
  if (times !== 1) throw new Error(`${file} holds ${times} times what a mutant changes: ${find}`)
  return text.replace(find, () => replace)
}
