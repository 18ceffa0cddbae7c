// One small file a process in `<data>/run`: how clients find the master, how `dtr ps` and a script that kills find the
// rest, also while the master is dead. Written whole or not at all; a file whose process is gone means nothing.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolders } from '../folders.js'

export interface RunRecord {
  readonly name: string
  readonly role: 'launcher' | 'master' | 'worker' | 'gateway'
  readonly pid: number
  /** When the process began, in clock ticks since boot where the system tells: a pid alone may have been used again. */
  readonly processStart?: string
  readonly host?: string
  readonly port?: number
  readonly incarnation?: string
  readonly hosts?: readonly { readonly pid: number; readonly state: string }[]
  /** ISO 8601. */
  readonly startedAt: string
}

export function runFolder(data: string): string {
  return join(data, 'run')
}

/** Writes it in one piece: who reads sees the old or the new. */
export function writeRunFile(folder: string, record: RunRecord): void {
  makeFolders(folder, '--data FOLDER', true)
  const path = join(folder, `${record.name}.json`)
  const own = { ...record, processStart: processStart(record.pid) }
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(own)}\n`, { mode: 0o600 })
  renameSync(`${path}.${process.pid}`, path)
}

/** Removes it, unless another process has taken the name meanwhile. */
export function removeRunFile(folder: string, name: string, pid: number): void {
  if (readRunFile(folder, name)?.pid === pid) rmSync(join(folder, `${name}.json`), { force: true })
}

export function readRunFile(folder: string, name: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as RunRecord
  } catch {
    return undefined
  }
}

/** The records of processes that live. */
export function readRunFiles(folder: string): RunRecord[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => readRunFile(folder, name.slice(0, -'.json'.length)))
    .filter((record): record is RunRecord => record !== undefined && isAlive(record))
}

/** Whether the process that wrote this record still lives, not another that got its pid. */
export function isAlive(record: Pick<RunRecord, 'pid' | 'processStart'>): boolean {
  try {
    process.kill(record.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return record.processStart === undefined || record.processStart === processStart(record.pid)
}

/** Field 22 of /proc/<pid>/stat; elsewhere unknown. A zombie does not live. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'zombie' : fields[19]
  } catch {
    return undefined
  }
}
