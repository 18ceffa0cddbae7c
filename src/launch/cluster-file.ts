// `cluster.json` in the folder of a cluster: where everything of it is, as its launcher wrote it down, for people and for
// commands that would else look where the settings say, of which the start may have been told others.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { pathsOf } from '../client/folder.js'
import type { PortRange } from '../config.js'

export interface ClusterProcess {
  readonly name: string
  readonly pid: number
  readonly port: number
}

export interface ClusterRecord {
  /** ISO 8601. */
  readonly startedAt: string
  readonly launcher: { readonly pid: number }
  readonly master: ClusterProcess | null
  readonly workers: readonly ClusterProcess[]
  readonly data: string
  readonly logs: string
  /** The first port that the master tries, and those of the workers. */
  readonly port: number
  readonly workerPorts: PortRange
}

export function writeClusterFile(record: ClusterRecord): void {
  writeFileSync(pathsOf(record.data).cluster, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
}

export function removeClusterFile(data: string): void {
  rmSync(pathsOf(data).cluster, { force: true })
}

/** What is there of it: none where no launcher runs, some where one was killed while it wrote, or is of another version. */
export function readClusterFile(data: string): Partial<ClusterRecord> {
  try {
    return (JSON.parse(readFileSync(pathsOf(data).cluster, 'utf8')) ?? {}) as Partial<ClusterRecord>
  } catch {
    return {}
  }
}
