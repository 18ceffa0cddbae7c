// The tarball as others get it, and a folder elsewhere into which it was installed.
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'

export const ROOT = resolve(import.meta.dirname, '../../..')
export const run = promisify(execFile)

export interface Packed {
  readonly tarball: string
  readonly files: readonly string[]
}

/** Packs what was built. Without `prepack`, which would take the compiled files away from tests that run meanwhile. */
export async function pack(folder: string): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
  })
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path) }
}

/**
 * A folder elsewhere with the tarball in it. The compiled part of SQLite comes from this clone: to build it takes a minute.
 * @returns undefined where npm could not get the dependencies, neither from its cache nor from a registry
 */
export async function install(folder: string, tarball: string): Promise<Error | undefined> {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n')
  const args = ['install', tarball, '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  try {
    await run('npm', args, { cwd: folder })
  } catch (error) {
    if (/E?(NOTFOUND|CONNREFUSED|NETWORK|AI_AGAIN|TIMEDOUT|NOTCACHED)/.test(String(error))) return error as Error
    throw error
  }
  const compiled = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node'
  cpSync(join(ROOT, compiled), join(folder, compiled), { recursive: true })
  return undefined
}

export function temporaryFolder(t: Test): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'dtr-package-')))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
