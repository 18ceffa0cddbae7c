// A clone for a document to be walked through in, and an end to whatever was started there.
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Test } from 'tap'
import { type RunRecord, readRunFiles, runFolder } from '../../src/net/run-file.js'
import { temporaryFolder } from '../package/packed.js'
import { freePorts, isAlive } from '../processes/cluster.js'
import { ROOT } from './documents.js'

export interface Clone {
  readonly folder: string
  /** Processes of clusters that were started in it, or beside it. */
  readonly alive: () => readonly number[]
}

export function makeClone(t: Test): Clone {
  const home = temporaryFolder(t)
  const folder = join(home, 'dtr')
  copyTo(folder)
  const alive = (): readonly number[] => pidsIn(home).filter(isAlive)
  t.teardown(() => {
    for (const pid of alive()) process.kill(pid, 'SIGKILL')
  })
  return { folder, alive }
}

/**
 * With an `npx dtr` that finds the program without npm, which costs a second each time and compiles a clone at the first: for
 * documents of somebody who has come so far; the walk of the README is with npm's own.
 */
export async function quickEnvironment({ folder }: Clone): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder, '..', 'bin')
  mkdirSync(bin, { recursive: true })
  const script = [
    '#!/bin/sh',
    'name=$1; shift',
    `[ "$name" != dtr ] || exec "${process.execPath}" "${join(folder, 'bin/dtr.js')}" "$@"`,
    `exec "${join(folder, 'node_modules/.bin')}/$name" "$@"`,
  ]
  writeFileSync(join(bin, 'npx'), script.join('\n'), { mode: 0o755 })
  const own = await environment()
  return { ...own, PATH: `${bin}:${own.PATH}` }
}

/** Ports of its own, given as variables, so that the document stays as its reader types it. */
export async function environment(): Promise<NodeJS.ProcessEnv> {
  const { master, first, last } = await freePorts()
  return {
    ...process.env,
    DTR_HTTP: String(master + 1),
    DTR_PORT: String(master),
    DTR_WORKER_PORTS: `${first}-${last}`,
    npm_config_loglevel: 'error',
  }
}

/** What a clone is after `npm install`, which CI does: what git brings, compiled. */
function copyTo(folder: string): void {
  const notBrought = /^(\.git|\.dtr|\.tap|logs|dist\/test|node_modules)$/
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !notBrought.test(relative(ROOT, path)) })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
}

/** Processes of all clusters that have their folder below `home`. */
function pidsIn(home: string): number[] {
  const pids = ({ pid, hosts }: RunRecord): number[] => [pid, ...(hosts ?? []).map((host) => host.pid)]
  return clusters(home).flatMap((data) => readRunFiles(runFolder(data)).flatMap(pids))
}

function clusters(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .flatMap(({ name }) => (name === '.dtr' ? [join(folder, name)] : clusters(join(folder, name))))
}
