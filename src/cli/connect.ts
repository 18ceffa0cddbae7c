// How a command comes to a client of its cluster, and what it says where it does not.
import { join } from 'node:path'
import type { Client } from '../client/client.js'
import { type ConnectOptions, clusterFolder, connect } from '../client/connect.js'
import type { GivenSettings } from '../config.js'
import { DtrError } from '../errors.js'
import { type RunRecord, readRunFiles, runFolder } from '../net/run-file.js'
import { CLUSTER_SETTINGS } from './command.js'
import type { Flags } from './flags.js'
import { whereabouts } from './whereabouts.js'

/**
 * Of a master whose address was said nobody knows whether it will come: a command that does not wait for anything tries it
 * once. Where the folder of a cluster tells that one of its processes lives, its master is looked for.
 */
export async function connectBy(flags: Flags, options: Omit<ConnectOptions, 'data' | 'secret'> = {}): Promise<Client> {
  const said = { ...credentialSaid(flags), otel: false }
  if (said.master !== undefined) return connect({ ...said, connectFor: 0, ...options })
  try {
    return await connect({ ...said, ...options })
  } catch (error) {
    const folder = clusterFolder(said.data, process.env)
    const living = folder === undefined ? [] : readRunFiles(runFolder(folder))
    if (!(error instanceof DtrError) || error.exitCode !== NO_CLUSTER || living.length === 0) throw error
    const log = join(whereabouts(flags, folder).logs, 'master.log')
    throw new DtrError(error.code, error.message, { hint: `${whatLives(living)}; its log: ${log}`, cause: error })
  }
}

/** Who has DTR_KEY set wants no more than its rights, unless a flag says so: not by a secret that a config file names. */
function credentialSaid(flags: Flags): GivenSettings {
  const { secretFile, ...said } = flags.settings(CLUSTER_SETTINGS)
  const keyed = process.env.DTR_KEY !== undefined && flags.text('secret-file') === undefined
  return secretFile === undefined || keyed ? said : { ...said, secretFile }
}

/** For commands that submit. One that is part of a trace is told so by this variable, as other programs are. */
export function tracedBy(flags: Flags): Pick<ConnectOptions, 'otel' | 'traceparent'> {
  return { otel: flags.resolve(['otel']).otel, traceparent: process.env.TRACEPARENT }
}

const NO_CLUSTER = new DtrError('no_cluster', '').exitCode

/** Where a master does not answer, although something of its cluster lives. Pure. */
export function whatLives(living: readonly Pick<RunRecord, 'role' | 'pid'>[]): string {
  const master = living.find(({ role }) => role === 'master')
  if (master !== undefined) return `the master lives, pid ${master.pid}, and says nothing: is it stopped, or its disk?`
  const workers = living.filter(({ role }) => role === 'worker').length
  const left =
    workers === 0
      ? 'dtr stop ends what is left'
      : `dtr master takes over its ${workers} ${workers === 1 ? 'worker' : 'workers'}, dtr stop ends what is left`
  return `the master is gone: ${left}`
}
