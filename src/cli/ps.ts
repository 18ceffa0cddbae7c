// dtr ps: the processes of a cluster.
import { clusterFolder } from '../client/connect.js'
import { HOW_TO_START } from '../client/locate.js'
import { formatSize } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { readRunFiles, runFolder } from '../net/run-file.js'
import type { StatusReport } from '../protocol/messages.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import type { Flags } from './flags.js'
import { processRows } from './processes.js'
import { plainTable } from './table.js'

/** A master that does not answer within this is not waited for: what lives is told anyway. */
const ASK_MS = 2_000

export const ps: Command = {
  name: 'ps',
  about: 'the processes of the cluster, with their pids',
  settings: CLUSTER_SETTINGS,
  flags: JSON_FLAG,
  examples: [
    ['ps', 'launcher, master, workers and the hosts that run their tasks'],
    [`ps --json | jq -r '.[] | select(.name == "worker-2") | .pid'`, 'a pid for kill'],
  ],
  async run(flags, output) {
    const folder = clusterFolder(flags.settings(['data']).data, process.env)
    const records = folder === undefined ? [] : readRunFiles(runFolder(folder))
    const rows = processRows(records, await askMaster(flags, records.length > 0))
    if (rows.length === 0) throw new DtrError('no_cluster', 'no process of a cluster runs here', { hint: HOW_TO_START })
    if (flags.has('json')) {
      await output.json(rows)
      return EXIT_OK
    }
    const table = rows.map((row) => [
      row.name,
      row.role,
      String(row.pid),
      row.host ?? '',
      String(row.port ?? ''),
      row.state,
      row.memoryBytes === null ? '' : formatSize(row.memoryBytes),
    ])
    for (const line of plainTable(['NAME', 'ROLE', 'PID', 'HOST', 'PORT', 'STATE', 'MEMORY'], table))
      await output.line(line)
    return EXIT_OK
  },
}

/** @param mayMiss the processes here are told without it, too */
async function askMaster(
  flags: Flags,
  mayMiss: boolean,
): Promise<Pick<StatusReport, 'master' | 'workers'> | undefined> {
  try {
    const options = { reconnectFor: 0, signal: AbortSignal.timeout(2 * ASK_MS) }
    const client = await connectBy(flags, mayMiss ? { ...options, connectFor: 0 } : options)
    return await client.status().finally(() => client.close())
  } catch (error) {
    if (mayMiss) return undefined
    throw error
  }
}
