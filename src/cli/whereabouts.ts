// Where the logs of a cluster are, and its ports: as a flag says, else as the launcher wrote it down (of logs also the last one), else as config file
// and variables say, else as a start would choose.
import { dirname, resolve } from 'node:path'
import type { PortRange } from '../config.js'
import { readClusterFile, readLastClusterFile } from '../launch/cluster-file.js'
import type { Flags } from './flags.js'

export interface Whereabouts {
  readonly logs: string
  readonly port: number
  readonly workerPorts: PortRange
}

/** @param folder of the cluster, where there is one */
export function whereabouts(flags: Flags, folder: string | undefined): Whereabouts {
  const { logs, port, workerPorts } = flags.resolve(['logs', 'port', 'workerPorts'])
  const told = folder === undefined ? {} : readClusterFile(folder)
  const logged = told.logs ?? (folder === undefined ? undefined : readLastClusterFile(folder).logs)
  const named = (flag: string): boolean => flags.text(flag) !== undefined
  return {
    // A relative one that no flag says is seen from where the cluster was started: beside its folder.
    logs: named('logs')
      ? resolve(logs)
      : typeof logged === 'string'
        ? logged
        : resolve(folder === undefined ? '.' : dirname(folder), logs),
    port: (named('port') ? undefined : told.port) ?? port,
    workerPorts: (named('worker-ports') ? undefined : told.workerPorts) ?? workerPorts,
  }
}
