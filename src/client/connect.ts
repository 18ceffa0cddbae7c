// Finds a cluster and connects to it: what was given, then DTR_* variables, then the `.dtr` here or above.
import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { systemClock } from '../clock.js'
import { checkOptions, checkSignal, checkText } from '../config/options.js'
import { resolveSettings } from '../config.js'
import { DtrError } from '../errors.js'
import { parseAddress } from '../net/address.js'
import { dial } from '../net/dial.js'
import { readAccessKey } from '../protocol/access-key.js'
import { readKey } from '../protocol/key.js'
import type { Credential } from '../protocol/proofs.js'
import { openTracing } from '../tracing/open.js'
import { contextOf } from '../tracing/trace-context.js'
import type { Tracing } from '../tracing/tracing.js'
import { Client } from './client.js'
import { findFolder, pathsOf, readKeyFile, readSecretFile } from './folder.js'
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
  /** A key in place of the secret, or a file with it; else DTR_KEY or DTR_KEY_FILE. It ranks before a secret of the same source. */
  readonly key?: string | undefined
  readonly keyFile?: string | undefined
}

export interface ConnectOptions extends ClusterOptions {
  /** How long a master is looked for at first; 5 s where unset, and not at all where no process of the cluster lives. */
  readonly connectFor?: Duration | undefined
  /** How long it is looked for after it was lost; for ever where unset. */
  readonly reconnectFor?: Duration | undefined
  /** Traces what is submitted, by OpenTelemetry (docs/tracing.md); else as DTR_OTEL says. */
  readonly otel?: boolean | undefined
  /** Of the trace that tasks belong to which are submitted while no span is active, as W3C trace context writes it. */
  readonly traceparent?: string | undefined
  /** Closes the client. */
  readonly signal?: AbortSignal | undefined
}

const CONNECT_MS = 5_000
const OPTION_NAMES = [
  'data',
  'master',
  'secret',
  'secretFile',
  'key',
  'keyFile',
  'connectFor',
  'reconnectFor',
  'signal',
  'otel',
  'traceparent',
]

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
  const tracing = await tracingFor(options)
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
    tracing,
  })
  options.signal?.addEventListener('abort', () => client.close(), { once: true })
  return client.start()
}

async function tracingFor({ otel, traceparent }: ConnectOptions): Promise<Tracing | undefined> {
  checkText(traceparent, 'traceparent')
  if (!resolveSettings({ otel }, process.env).otel) return undefined
  return openTracing({ service: 'dtr-client', name: `client-${process.pid}`, caller: contextOf(traceparent) })
}

export interface FoundCluster {
  /** None where the master was given by its address and the secret from elsewhere. */
  readonly folder: string | undefined
  readonly key: Credential
  readonly locate: Locate
  readonly mayCome: MayCome
}

/** @throws DtrError `no_cluster` where there is nothing to find */
export function findCluster(options: ClusterOptions, environment: NodeJS.ProcessEnv): FoundCluster {
  for (const name of ['data', 'secretFile', 'keyFile'] as const) checkText(options[name], name)
  const { master } = resolveSettings({ master: options.master }, environment)
  const folder = clusterFolder(options.data, environment)
  const key = credentialOf(options, folder, environment)
  if (key === undefined && master !== undefined) {
    throw new DtrError('no_cluster', `the secret of the cluster at ${master} is not known here`, {
      hint: 'say --secret-file FILE, DTR_SECRET, or --data FOLDER of that cluster, or with a key --key-file FILE or DTR_KEY',
    })
  }
  if (key === undefined || (folder === undefined && master === undefined)) {
    throw new DtrError('no_cluster', 'no cluster here: there is no .dtr in this folder or above', {
      hint: `${HOW_TO_START}, or say --data FOLDER`,
    })
  }
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

type Given = Pick<ClusterOptions, 'key' | 'keyFile' | 'secret' | 'secretFile'>

/** What this client proves itself with: as the options say, else the variables, else the secret of the folder. */
function credentialOf(
  options: Given,
  folder: string | undefined,
  { DTR_KEY, DTR_KEY_FILE, DTR_SECRET, DTR_SECRET_FILE }: NodeJS.ProcessEnv,
): Credential | undefined {
  const said = credentialIn(options)
  if (said !== undefined) return said
  const keyed = credentialIn({ key: DTR_KEY, keyFile: DTR_KEY_FILE })
  if (keyed !== undefined) return keyed
  if (DTR_SECRET_FILE !== undefined) return readKey(readSecretFile(DTR_SECRET_FILE))
  if (DTR_SECRET !== undefined) return readKey(DTR_SECRET)
  return folder === undefined ? undefined : readKey(readSecretFile(pathsOf(folder).secret))
}

/** Who names a key wants no more than its rights, whatever else there is. */
function credentialIn({ key, keyFile, secret, secretFile }: Given): Credential | undefined {
  if (key !== undefined) return readAccessKey(key)
  if (keyFile !== undefined) return readAccessKey(readKeyFile(keyFile))
  if (secret !== undefined) return readKey(secret)
  return secretFile === undefined ? undefined : readKey(readSecretFile(secretFile))
}
