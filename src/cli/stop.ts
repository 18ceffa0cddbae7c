// dtr stop: ends the cluster in order, and waits until it has ended.
import { setTimeout as delay } from 'node:timers/promises'
import { clusterFolder } from '../client/connect.js'
import { HOW_TO_START } from '../client/locate.js'
import { rawMonoMs } from '../clock.js'
import { formatDuration } from '../config.js'
import { DtrError, EXIT_OK, messageOf } from '../errors.js'
import { type RunRecord, readRunFiles, runFolder } from '../net/run-file.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import type { Flags } from './flags.js'
import { note } from './output.js'
import { isScreen } from './terminal.js'

const POLL_MS = 100
const TELL_AFTER_MS = 1_000
/** How long a master is looked for before it is taken for dead. */
const ASK_MS = 2_000
/** Beyond the drain: for the last results, the exit of the hosts, and the master behind its workers. */
const MARGIN_MS = 10_000

export const stop: Command = {
  name: 'stop',
  about: 'end the cluster in order; running tasks finish, the rest waits for the next start',
  settings: [...CLUSTER_SETTINGS, 'drain'],
  flags: JSON_FLAG,
  examples: [
    ['stop', 'running tasks get 30 s'],
    ['stop --drain 0s', 'they are handed back at once'],
  ],
  async run(flags, output) {
    const { drain } = flags.resolve(['drain'])
    const folder = clusterFolder(flags.settings(['data']).data, process.env)
    const living = folder === undefined ? [] : readRunFiles(runFolder(folder))
    await ask(flags, drain, living)
    const left = folder === undefined ? [] : await untilEnded(folder, drain + MARGIN_MS)
    if (left.length > 0) {
      throw new DtrError('drain_incomplete', `still there: ${namesOf(left)}`, {
        hint: 'dtr ps tells the pids, kill -9 ends them',
      })
    }
    if (flags.has('json')) await output.json({ stopped: living.map(({ name, pid }) => ({ name, pid })) })
    else await output.line('the cluster has ended')
    return EXIT_OK
  },
}

/** Where no master answers, the launcher ends its workers, or each is asked by itself. */
async function ask(flags: Flags, graceMs: number, living: readonly RunRecord[]): Promise<void> {
  try {
    const client = await connectBy(flags, { connectFor: ASK_MS, reconnectFor: 0 })
    await client.stop({ graceMs }).finally(() => client.close())
  } catch (error) {
    // It answers, and says no: that is no reason to end it by other means.
    if (error instanceof DtrError && (error.code === 'forbidden' || error.code === 'unauthorised')) throw error
    if (living.length === 0) throw noCluster(error)
    const launcher = living.filter(({ role }) => role === 'launcher')
    for (const record of launcher.length > 0 ? launcher : living) terminate(record)
  }
}

function noCluster(error: unknown): unknown {
  if (error instanceof DtrError && error.code !== 'no_cluster') return error
  return new DtrError('no_cluster', `there is nothing to stop: ${messageOf(error)}`, { hint: HOW_TO_START })
}

/** Whoever waits at a terminal is told what is still there, when that changes. */
async function untilEnded(folder: string, withinMs: number): Promise<readonly RunRecord[]> {
  const startedMs = rawMonoMs()
  let told = ''
  for (;;) {
    const living = readRunFiles(runFolder(folder))
    const waitedMs = rawMonoMs() - startedMs
    if (living.length === 0 || waitedMs > withinMs) return living
    const names = namesOf(living)
    if (isScreen(process.stderr) && waitedMs > TELL_AFTER_MS && names !== told) {
      note(`still ending, at most ${formatDuration(withinMs - waitedMs)}: ${names}`)
      told = names
    }
    await delay(POLL_MS)
  }
}

function namesOf(records: readonly RunRecord[]): string {
  return records.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ')
}

function terminate({ pid }: RunRecord): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // It has ended meanwhile.
  }
}
