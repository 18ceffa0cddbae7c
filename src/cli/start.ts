// dtr start: a whole cluster on this machine, and its launcher, which stays in the foreground unless told to detach.
import type { SettingName } from '../config.js'
import { DtrError, EXIT_INTERRUPTED, EXIT_OK } from '../errors.js'
import type { Cluster } from '../launch/cluster.js'
import { GATEWAY_SETTINGS, MASTER_SETTINGS, namesTasks, WORKER_SETTINGS } from '../launch/command-line.js'
import { configAbove } from '../launch/config-file.js'
import { folderAbove } from '../launch/folder.js'
import type { Command } from './command.js'
import { demonstrate } from './demonstration.js'
import { filesBelow } from './demonstration-files.js'
import { DETACH_FLAG, DETACHED_FLAG, runDetached, startDetached } from './detach.js'
import type { Flags } from './flags.js'
import { howToUse, launch, whatRuns } from './launcher.js'
import { note, type Output } from './output.js'

/** Of a master or worker by itself only. */
const NOT_OF_A_CLUSTER: readonly SettingName[] = ['id', 'join', 'standby', 'keepWorkers', 'advertise']
const SETTINGS_OF_START: readonly SettingName[] = [
  'workers',
  ...new Set(
    [...MASTER_SETTINGS, ...WORKER_SETTINGS, ...GATEWAY_SETTINGS].filter((name) => !NOT_OF_A_CLUSTER.includes(name)),
  ),
  'respawn',
  'exit',
  'secretFile',
]
const DEMONSTRATION_FILES_MAX = 500

export const start: Command = {
  name: 'start',
  about: 'start a cluster on this machine; without --tasks it shows what it can do',
  settings: SETTINGS_OF_START,
  flags: {
    [DETACH_FLAG]: { about: 'go on in the background once the cluster is ready; dtr stop ends it' },
    [DETACHED_FLAG]: { about: 'the launcher in the background', hidden: true },
  },
  examples: [
    ['start --workers 5', 'a master and five workers, and a demonstration'],
    ['start --tasks ./tasks.mjs --slots 4', 'workers that run your own tasks, four at a time'],
    ['start --tasks ./tasks.mjs --detach', 'in the background, also when this terminal is closed'],
    ['start --workers 2 --exit', 'the demonstration only; exit 0 if all came out as it should'],
  ],
  handlesSignals: true,
  looksHereOnly: true,
  async run(flags, output) {
    const settings = flags.resolve(SETTINGS_OF_START)
    if (flags.has(DETACHED_FLAG)) return runDetached(settings)
    const above = folderAbove(settings.data)
    if (above !== undefined) note(`note: there is another cluster's folder above, ${above}; this one is by itself`)
    const unread = flags.config === undefined ? configAbove(process.cwd()) : undefined
    if (unread !== undefined) note(`note: ${unread} is not read: start reads a config file here, or --config FILE`)
    if (flags.has(DETACH_FLAG)) return startDetached(settings, flags.text('data'), output)
    const cluster = await launch({ settings, tell: note })
    if (cluster === undefined) return EXIT_INTERRUPTED
    return runCluster(cluster, flags, output)
  },
}

async function runCluster(cluster: Cluster, flags: Flags, output: Output): Promise<number> {
  for (const line of whatRuns(cluster)) await output.line(line)
  if (!namesTasks(cluster.settings)) {
    const well = await showDemonstration(cluster, output)
    if (cluster.settings.exit) {
      const code = await cluster.stop()
      return well || code !== EXIT_OK ? code : new DtrError('task_failed', '').exitCode
    }
  }
  if (!cluster.stopping) for (const line of howToUse(cluster, flags.text('data'), false)) await output.line(line)
  return cluster.ended
}

/** @returns whether it came out as it should; not where the cluster ended meanwhile */
async function showDemonstration(cluster: Cluster, output: Output): Promise<boolean> {
  const { data, logs } = cluster.settings
  const client = await cluster.client()
  void cluster.ended.then(() => client.close())
  try {
    const files = filesBelow(process.cwd(), DEMONSTRATION_FILES_MAX, [data, logs])
    return await demonstrate({ client, files, output })
  } catch (error) {
    if (cluster.stopping) return false
    throw error
  } finally {
    client.close()
  }
}
