// The cluster of `dtr map --exec`: started for the time, in a folder of its own below `.dtr`, with workers that serve this one
// command and nothing else (P30). The folder stays where something is left to do, so that a map with the same joblog goes on
// with what its tasks have come to; else nothing is left of it.
import { createHash, randomUUID } from 'node:crypto'
import { rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Client } from '../client/client.js'
import { FOLDER_NAME } from '../client/folder.js'
import { type GivenSettings, SETTINGS } from '../config.js'
import { DtrError } from '../errors.js'
import { type Cluster, startCluster } from '../launch/cluster.js'
import { readRunFiles, runFolder } from '../net/run-file.js'

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
    checkUnused(folder)
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

function checkUnused(folder: string): void {
  if (readRunFiles(runFolder(folder)).length === 0) return
  throw new DtrError('data_in_use', 'a map with this joblog runs, or was killed a moment ago', {
    hint: `dtr stop --data ${folder} ends what is left of it; by itself it has ended after 30 s`,
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
