// Finds a cluster and connects to it: what was given, then DTR_* variables, then the `.dtr` here or above.
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { checkOptions, checkSignal, checkText } from '../config/options.js'
import { resolveSettings } from '../config.js'
import { DtrError } from '../errors.js'
import { parseAddress } from '../net/address.js'
import { dial } from '../net/dial.js'
import { type ClusterKey, readKey } from '../protocol/key.js'
import { Client } from './client.js'
import { findFolder, pathsOf, readSecretFile } from './folder.js'
import {
  HOW_TO_START,
  type Locate,
  locateByRunFile,
  locateFixed,
  type MayCome,
  mayComeAlways,
  mayComeByRunFiles,
} from './locate.js'
import { type Duration, readMs } from './spec.js'

export interface ClusterOptions {
  /** Folder of the cluster; else DTR_DATA, else the nearest `.dtr` in the current folder or above. */
  readonly data?: string | undefined
  /** `host:port` of the master; else DTR_MASTER, else what the folder says. */
  readonly master?: string | undefined
  /** The secret itself, or a file with it; else DTR_SECRET or DTR_SECRET_FILE, else that of the folder. */
  readonly secret?: string | undefined
  readonly secretFile?: string | undefined
}

export interface ConnectOptions extends ClusterOptions {
  /** How long a master is looked for at first; 5 s where unset, and not at all where no process of the cluster lives. */
  readonly connectFor?: Duration | undefined
  /** How long it is looked for after it was lost; for ever where unset. */
  readonly reconnectFor?: Duration | undefined
  /** Closes the client. */
  readonly signal?: AbortSignal | undefined
}

const CONNECT_MS = 5_000
const OPTION_NAMES = ['data', 'master', 'secret', 'secretFile', 'connectFor', 'reconnectFor', 'signal']

/**
 * Connects to the master of a cluster. After a loss the client finds it again by itself.
 * @throws DtrError `no_cluster`, `unauthorised`, or `bad_input`
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  checkOptions(options, OPTION_NAMES)
  checkSignal(options.signal)
  const connectMs = readMs(options.connectFor, 'connectFor') ?? CONNECT_MS
  const reconnectMs = readMs(options.reconnectFor, 'reconnectFor')
  const cluster = findCluster(options, process.env)
  options.signal?.throwIfAborted()
  const client = new Client({
    clock: systemClock,
    random: Math.random,
    dial,
    identity: { role: 'client', incarnation: `client#${randomUUID()}`, key: cluster.key },
    locate: cluster.locate,
    mayCome: cluster.mayCome,
    connectMs,
    reconnectMs,
  })
  options.signal?.addEventListener('abort', () => client.close(), { once: true })
  return client.start()
}

export interface FoundCluster {
  /** None where the master was given by its address and the secret from elsewhere. */
  readonly folder: string | undefined
  readonly key: ClusterKey
  readonly locate: Locate
  readonly mayCome: MayCome
}

/** @throws DtrError `no_cluster` where there is nothing to find */
export function findCluster(options: ClusterOptions, environment: NodeJS.ProcessEnv): FoundCluster {
  checkText(options.data, 'data')
  const { master, secretFile } = resolveSettings(
    { master: options.master, secretFile: options.secretFile },
    environment,
  )
  const folder = clusterFolder(options.data, environment)
  const secret = options.secret ?? secretOf(secretFile, folder, environment)
  if (secret === undefined && master !== undefined) {
    throw new DtrError('no_cluster', `the secret of the cluster at ${master} is not known here`, {
      hint: 'say --secret-file FILE, DTR_SECRET, or --data FOLDER of that cluster',
    })
  }
  if (secret === undefined || (folder === undefined && master === undefined)) {
    throw new DtrError('no_cluster', 'no cluster here: there is no .dtr in this folder or above', {
      hint: `${HOW_TO_START}, or say --data FOLDER`,
    })
  }
  const key = readKey(secret)
  if (master !== undefined) {
    return { folder, key, locate: locateFixed(parseAddress(master, 'master')), mayCome: mayComeAlways }
  }
  return { folder, key, locate: locateByRunFile(folder!), mayCome: mayComeByRunFiles(folder!) }
}

/** The folder that was named, or the nearest. @throws DtrError `bad_input` where the one found is not to be trusted */
export function clusterFolder(data: string | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  const named = data ?? environment.DTR_DATA
  return named === undefined ? findFolder(process.cwd()) : resolve(named)
}

function secretOf(
  secretFile: string | undefined,
  folder: string | undefined,
  environment: NodeJS.ProcessEnv,
): string | undefined {
  if (secretFile !== undefined) return readSecretFile(secretFile)
  if (environment.DTR_SECRET !== undefined) return environment.DTR_SECRET
  return folder === undefined ? undefined : readSecretFile(pathsOf(folder).secret)
}
