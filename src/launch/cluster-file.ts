// `cluster.json` in the folder of a cluster: where everything of it is, as its launcher wrote it down, for people and for
// commands that would else look where the settings say, of which the start may have been told others.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
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
  /** The HTTP gateway, where there is one. */
  readonly gateway?: ClusterProcess | null
  readonly data: string
  readonly logs: string
  /** The first port that the master tries, and those of the workers. */
  readonly port: number
  readonly workerPorts: PortRange
}

export function writeClusterFile(record: ClusterRecord): void {
  writeFileSync(pathsOf(record.data).cluster, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
}

/** The cluster has ended: where its logs are stays known. */
export function retireClusterFile(data: string): void {
  const { cluster, lastCluster } = pathsOf(data)
  try {
    renameSync(cluster, lastCluster)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** What is there of it: none where no launcher runs, some where one was killed while it wrote, or is of another version. */
export function readClusterFile(data: string): Partial<ClusterRecord> {
  return readRecord(pathsOf(data).cluster)
}

/** That of the cluster that ended here last. */
export function readLastClusterFile(data: string): Partial<ClusterRecord> {
  return readRecord(pathsOf(data).lastCluster)
}

function readRecord(file: string): Partial<ClusterRecord> {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) ?? {}) as Partial<ClusterRecord>
  } catch {
    return {}
  }
}
