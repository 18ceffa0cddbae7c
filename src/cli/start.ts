// dtr start: a whole cluster on this machine, and its launcher, which stays in the foreground.
import { resolve } from 'node:path'
import { resolveSettings, type SettingName } from '../config.js'
import { DtrError, EXIT_INTERRUPTED, EXIT_OK } from '../errors.js'
import { type Cluster, startCluster } from '../launch/cluster.js'
import { MASTER_SETTINGS, WORKER_SETTINGS } from '../launch/command-line.js'
import { folderAbove } from '../launch/folder.js'
import type { Command } from './command.js'
import { demonstrate } from './demonstration.js'
import { filesBelow } from './demonstration-files.js'
import { type Flags, spellFlag } from './flags.js'
import { note, type Output } from './output.js'

/** Of a master or worker by itself only. */
const NOT_OF_A_CLUSTER: readonly SettingName[] = ['id', 'join', 'standby', 'keepWorkers', 'advertise']
const SETTINGS_OF_START: readonly SettingName[] = [
  'workers',
  ...new Set([...MASTER_SETTINGS, ...WORKER_SETTINGS].filter((name) => !NOT_OF_A_CLUSTER.includes(name))),
  'respawn',
  'exit',
  'secretFile',
]
const DEMONSTRATION_FILES_MAX = 500
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export const start: Command = {
  name: 'start',
  about: 'start a cluster on this machine; without --tasks it shows what it can do',
  settings: SETTINGS_OF_START,
  examples: [
    ['start --workers 5', 'a master and five workers, and a demonstration'],
    ['start --tasks ./tasks.mjs --slots 4', 'workers that run your own tasks, four at a time'],
    ['start --workers 2 --exit', 'the demonstration only; exit 0 if all came out as it should'],
  ],
  handlesSignals: true,
  async run(flags, output) {
    const settings = resolveSettings(flags.settings(SETTINGS_OF_START), process.env, spellFlag)
    const above = folderAbove(settings.data)
    if (above !== undefined) note(`note: there is another cluster's folder above, ${above}; this one is by itself`)
    const starting = new AbortController()
    const signals = new Signals()
    signals.on(() => starting.abort())
    let cluster: Cluster
    try {
      cluster = await startCluster({ ...settings, tell: note, signal: starting.signal })
    } catch (error) {
      if (starting.signal.aborted) return EXIT_INTERRUPTED
      throw error
    }
    signals.on((count) => {
      if (count > 1) return cluster.kill()
      note('ending the cluster; once more to end it at once')
      void cluster.stop()
    })
    return runCluster(cluster, flags, output)
  },
}

/** Calls whoever asked last, with the number of the signal since it asked. */
class Signals {
  #handler: (count: number) => void = () => {}
  #count = 0

  constructor() {
    for (const signal of END_SIGNALS) {
      process.on(signal, () => {
        this.#count += 1
        this.#handler(this.#count)
      })
    }
  }

  on(handler: (count: number) => void): void {
    this.#count = 0
    this.#handler = handler
  }
}

async function runCluster(cluster: Cluster, flags: Flags, output: Output): Promise<number> {
  for (const line of whatRuns(cluster)) await output.line(line)
  if (cluster.settings.tasks.length === 0) {
    const well = await showDemonstration(cluster, output)
    if (cluster.settings.exit) {
      const code = await cluster.stop()
      return well || code !== EXIT_OK ? code : new DtrError('task_failed', '').exitCode
    }
  }
  if (!cluster.stopping) for (const line of howToUse(cluster, flags)) await output.line(line)
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

function whatRuns({ master, workers, settings }: Cluster): readonly string[] {
  return [
    ...(master === undefined ? [] : [`master    ${settings.bind}:${master.port}  pid ${master.pid}`]),
    ...workers.map(({ name, port, pid }) => `${name.padEnd(8)}  ${settings.bind}:${port}  pid ${pid}`),
  ]
}

function howToUse({ settings }: Cluster, flags: Flags): readonly string[] {
  const named = flags.text('data')
  const data = named === undefined ? '' : ` --data ${resolve(named)}`
  const submits = settings.builtins
    ? [`submit sleep '{"ms": 500}' --wait${data}`, `map checksum --lines${data} < files.txt`]
    : [`submit TYPE '{"a": "payload"}' --wait${data}`, `map TYPE${data} < payloads.ndjson`]
  return [
    '',
    `logs     ${settings.logs}/master.log and worker-N.log`,
    `submit   dtr ${submits[0]}`,
    `         dtr ${submits[1]}`,
    `look     dtr status${data}    dtr ps${data}    dtr get ID${data}`,
    `stop     Ctrl-C here, or dtr stop${data}`,
  ]
}
