// A master or a worker inside the calling process, for users' own tests and for the commands: what config.ts says as
// settings becomes what their nodes take. The tasks of such a worker still run in a host, a process of its own.
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { checkFunction, checkObject, checkSignal } from '../config/options.js'
import { type GivenSettings, type MsOrNever, type NumberOrNone, resolveSettings, type Settings } from '../config.js'
import { DtrError } from '../errors.js'
import { createLog, type Log } from '../log.js'
import { type MasterHandle, startMaster as startMasterNode } from '../master/node.js'
import { runFolder } from '../net/run-file.js'
import { readAccessKey } from '../protocol/access-key.js'
import { readKey } from '../protocol/key.js'
import type { Credential } from '../protocol/proofs.js'
import { type DataHolder, openStore } from '../store/open.js'
import { openTracing } from '../tracing/open.js'
import { TracedStore } from '../tracing/traced-store.js'
import { startWorker as startWorkerNode, type WorkerHandle } from '../worker/node.js'
import { checkBind } from './bind.js'
import { namesTasks } from './command-line.js'
import { keyFor, secretFor } from './secret.js'
import { VERSION } from './version.js'

/** Any setting of config.ts, by its name; durations as milliseconds or as text with a unit. */
export interface InProcessOptions extends GivenSettings {
  /** Of a worker: told how each load of changed modules went; `problem`: why the old code stays. */
  readonly reloaded?: (problem?: string) => void
  /** Else what the settings, DTR_SECRET or the data folder say. */
  readonly secret?: string
  /** Of a worker that joins a master (`join`) with a key in place of the secret; else `keyFile` or DTR_KEY. */
  readonly key?: string
  /** Else a file in the folder `logs`, where that was given. */
  readonly log?: Log
}

export interface MasterStart extends InProcessOptions {
  /** With `standby`: ends the wait for the data folder. */
  readonly signal?: AbortSignal
}

/**
 * Makes the data folder and its secret where they are missing.
 * @throws DtrError `data_in_use`, `ports_taken`, `bad_input`
 */
export async function startMaster(options: MasterStart = {}): Promise<MasterHandle> {
  checkObject(options)
  checkSignal(options.signal)
  const { secret, log, signal, ...given } = options
  const settings = resolveSettings(given, process.env)
  checkBind(settings.bind, settings.plaintext)
  const data = resolve(settings.data)
  const key = readKey(secret ?? secretFor(data, settings, process.env, { make: true }))
  const ownLog = log ?? logOf('master', given, settings, true)
  const { bind, port, advertise, hosts, workerPorts, keepWorkers, standby, pendingMax } = settings
  const tracing = settings.otel ? await openTracing({ service: 'dtr-master', name: 'master' }) : undefined
  return startMasterNode({
    ...{ data, bind, port, advertise, hosts, workerPorts, keepWorkers, key, log: ownLog, version: VERSION },
    heartbeatMs: settings.heartbeat,
    suspectMs: settings.suspect,
    leaseMs: settings.lease,
    codeDeadMs: settings.codeDead,
    scanMs: settings.scan,
    drainMs: settings.drain,
    keep: {
      completedMs: endless(settings.keepCompleted),
      failedMs: endless(settings.keepFailed),
      tasks: settings.keepTasks,
      bytes: settings.keepBytes,
    },
    pull: {
      leaseMs: settings.pullLease,
      staleMs: settings.pullStale,
      sweepMs: settings.pullSweep,
      maxAttempts: settings.pullAttempts,
    },
    openStore: async () => {
      const store = await openStore({
        ...{ kind: 'sqlite', folder: data, limits: { pendingMax, quarantineShare: settings.quarantine }, standby },
        onWaiting: (holder) => ownLog.info(waitingFor(data, holder)),
        ...(signal && { signal }),
      })
      // Until now the file may have been that of the master that holds the folder.
      ownLog.openFile?.()
      return tracing === undefined ? store : new TracedStore(store, tracing, systemClock)
    },
  })
}

/**
 * Without `tasks`, `exec` and `runner` it serves the built-in tasks.
 * @throws DtrError `ports_taken`, `bad_input` for a task module that cannot be used, `no_cluster` where there is no secret
 */
export async function startWorker(options: InProcessOptions = {}): Promise<WorkerHandle> {
  checkObject(options)
  checkFunction(options.reloaded, 'reloaded')
  const { secret, key, log, reloaded, ...given } = options
  const settings = resolveSettings(given, process.env)
  checkBind(settings.bind, settings.plaintext)
  const data = resolve(settings.data)
  const name = settings.id ?? `worker-${process.pid}`
  const {
    slots,
    workerPorts,
    bind,
    advertise,
    join,
    queues,
    tasks,
    builtins,
    exec,
    execFinal,
    execOutput,
    runner,
    isolate,
    watch,
  } = settings
  const tracing = settings.otel ? await openTracing({ service: 'dtr-worker', name }) : undefined
  return startWorkerNode({
    ...{ name, slots, workerPorts, bind, advertise, join, queues, tasks, isolate, watch, version: VERSION },
    model: settings.model,
    builtins: builtins || !namesTasks(settings),
    commands: { exec, execFinal, execOutput },
    runners: runner,
    masterTimeoutMs: endless(settings.masterTimeout),
    drainMs: settings.drain,
    killGraceMs: settings.killGrace,
    defaultTimeoutMs: endless(settings.defaultTimeout),
    care: {
      recycleAfter: unlimited(settings.recycleAfter),
      recycleBytes: unlimited(settings.recycleMemory),
      slotBytesMax: unlimited(settings.memoryLimit),
      blockedMs: endless(settings.blockedAfter),
    },
    key: credentialOf({ secret, key }, data, settings),
    ...{ reloaded, tracing },
    log: log ?? logOf(name, given, settings),
    runFolder: runFolder(data),
  })
}

/** @throws DtrError `bad_input` for a key without a master to join: masters that scan prove themselves with the secret */
function credentialOf(
  { secret, key }: Pick<InProcessOptions, 'secret' | 'key'>,
  data: string,
  settings: Settings,
): Credential {
  const token = key ?? (secret === undefined ? keyFor(settings, process.env) : undefined)
  if (token === undefined) return readKey(secret ?? secretFor(data, settings, process.env, { make: false }))
  if (settings.join === undefined) {
    throw new DtrError('bad_input', 'a worker with a key dials its master itself, and none is named', {
      hint: 'say --join HOST:PORT of the master, or give the worker the secret of the cluster',
    })
  }
  return readAccessKey(token)
}

function endless(ms: MsOrNever): number | undefined {
  return ms === 'never' ? undefined : ms
}

function unlimited(most: NumberOrNone): number | undefined {
  return most === 'none' ? undefined : most
}

function logOf(name: string, given: GivenSettings, settings: Settings, fileLater = false): Log {
  const folder = given.logs === undefined ? {} : { folder: settings.logs }
  return createLog({ name, ...folder, level: settings.logLevel, json: settings.logJson, fileLater })
}

function waitingFor(data: string, holder: DataHolder | undefined): string {
  const who = holder === undefined ? 'another master' : `the master with pid ${holder.pid}`
  return `standing by: ${who} holds ${data}`
}
