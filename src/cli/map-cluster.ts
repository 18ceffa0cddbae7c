// The cluster of `dtr map --exec`: started for the time, in a folder of its own below `.dtr`, with workers that serve this one
// command and nothing else (P30). The folder stays where something is left to do, so that a map with the same joblog goes on
// with what its tasks have come to; else nothing is left of it.
import { createHash, randomUUID } from 'node:crypto'
import { rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../client/client.js'
import { FOLDER_NAME } from '../client/folder.js'
import { rawMonoMs } from '../clock.js'
import { formatDuration, type GivenSettings, SETTINGS } from '../config.js'
import { DtrError } from '../errors.js'
import { type Cluster, startCluster } from '../launch/cluster.js'
import { type RunRecord, readRunFiles, runFolder } from '../net/run-file.js'

export interface MapClusterOptions {
  /** The folder of all maps. */
  readonly data: string
  readonly joblog: string | undefined
  /** Goes on with what an earlier map with this joblog has left. */
  readonly resume: boolean
  readonly settings: GivenSettings
  readonly tell: (line: string) => void
  /** It has ended without being asked to here. */
  readonly ended: () => void
  /** Gives up the start. */
  readonly signal: AbortSignal
}

/** What variables say of a cluster that is meant to last is not for this one; and it does not wait for a person to mend it. */
const OF_ITS_OWN: GivenSettings = {
  tasks: [],
  runner: [],
  builtins: false,
  isolate: false,
  watch: false,
  bind: SETTINGS.bind.default,
  hosts: SETTINGS.hosts.default,
  respawn: true,
}

/** A worker without its launcher ends what runs in half of it, and nothing stays without a master for longer. */
const LEFT_MS_MAX = 40_000
const LOOK_EVERY_MS = 100

export class MapCluster {
  readonly #folder: string
  readonly #cluster: Cluster
  #isEnding = false

  private constructor(folder: string, cluster: Cluster) {
    this.#folder = folder
    this.#cluster = cluster
  }

  /** @throws DtrError `data_in_use` where a map with this joblog runs, or what kept the cluster from starting */
  static async start(options: MapClusterOptions): Promise<MapCluster> {
    const { joblog, resume, settings, tell, signal } = options
    const folder = folderOf(options.data, joblog)
    await untilUnused(folder, options)
    if (!resume) rmSync(folder, { recursive: true, force: true })
    let cluster: Cluster | undefined
    try {
      cluster = await startCluster({
        ...settings,
        ...OF_ITS_OWN,
        data: folder,
        logs: join(folder, 'logs'),
        tell: (line) => {
          if (cluster?.stopping !== true) tell(line)
        },
        signal,
      })
      const map = new MapCluster(folder, cluster)
      void cluster.ended.then(() => {
        if (!map.#isEnding) options.ended()
      })
      return map
    } catch (error) {
      if (!resume) remove(folder)
      throw error
    }
  }

  /** Tasks that it runs at the same time. */
  get slots(): number {
    const { workers, slots } = this.#cluster.settings
    return workers * slots
  }

  /** A client of it. */
  client(): Promise<Client> {
    return this.#cluster.client()
  }

  /** Ends it at once: what runs is handed back. */
  async stop(): Promise<void> {
    this.#isEnding = true
    await this.#cluster.stop({ graceMs: 0 })
  }

  kill(): void {
    this.#isEnding = true
    this.#cluster.kill()
  }

  /** Nothing is left to do. */
  remove(): void {
    remove(this.#folder)
  }
}

/** A joblog names what is kept for it; without one there is nothing to go on with. */
function folderOf(data: string, joblog: string | undefined): string {
  const name = joblog === undefined ? randomUUID() : createHash('sha256').update(resolve(joblog)).digest('hex')
  return join(resolve(data), 'maps', name.slice(0, 16))
}

/** Of a map that was killed its processes leave by themselves, and hand back what they ran. */
async function untilUnused(folder: string, { tell, signal }: MapClusterOptions): Promise<void> {
  const there = (): readonly RunRecord[] => readRunFiles(runFolder(folder))
  if (there().length === 0) return
  const launcher = there().find(({ role }) => role === 'launcher')
  if (launcher !== undefined) {
    throw new DtrError('data_in_use', `a map with this joblog runs, as process ${launcher.pid}`, {
      hint: 'wait for its end, or end it by Ctrl-C and say --resume',
    })
  }
  tell(`waiting for what a map that was killed has left to end: ${formatDuration(LEFT_MS_MAX)} at most`)
  const untilMs = rawMonoMs() + LEFT_MS_MAX
  while (there().length > 0 && rawMonoMs() < untilMs) await pause(LOOK_EVERY_MS, undefined, { signal })
  const [left] = there()
  if (left === undefined) return
  throw new DtrError('data_in_use', `${left.name} of a map that was killed is still there, as process ${left.pid}`, {
    hint: `dtr stop --data ${folder} ends what is left of it`,
  })
}

/** With the folders above that are empty without it. */
function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  const maps = dirname(folder)
  const data = dirname(maps)
  for (const above of basename(data) === FOLDER_NAME ? [maps, data] : [maps]) {
    try {
      rmdirSync(above)
    } catch {
      // Something else is in it.
      return
    }
  }
}
