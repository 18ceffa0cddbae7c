// What `dtr doctor` looks at: the machine, the folder of the cluster, its processes and its ports. Nothing is changed; to
// measure the disk a file is written into the folder and removed again.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { uptime } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathsOf, readSecretFile } from '../client/folder.js'
import { rawMonoMs, systemClock } from '../clock.js'
import { formatDuration, type Settings } from '../config.js'
import { DtrError, messageOf } from '../errors.js'
import { type RunRecord, readRunFiles, runFolder } from '../net/run-file.js'
import { readKey } from '../protocol/key.js'
import { isDiskShort, PUT_A_BACKUP_THERE, readHeader } from '../store/open.js'
import { type PortHolder, portHolders } from './port-holders.js'

export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warning' | 'problem'
  /** What was found, and what to do where it is not well. */
  readonly words: string
}

type State = Finding['state']
type Found = readonly [state: State, words: string]

const GIB = 1024 ** 3
const FSYNCS = 20
const FSYNC_MS_SLOW = 20
const TMPFS = 0x01021994
const OPEN_FILES_FEW = 4_096
const CLOCK_LOOK_MS = 500
const CLOCK_LOOKS = 5
const CLOCK_STEP_MS = 50
const SLEPT_MS_MIN = 2_000

/** Of the machine, whether or not there is a cluster. */
export async function checkMachine(): Promise<readonly Finding[]> {
  return [
    look('node', checkNode),
    await checkClock(),
    look('suspended', checkSuspended),
    look('open files', checkOpenFiles),
  ]
}

/** Of a folder that exists. */
export function checkFolder(folder: string): readonly Finding[] {
  return [
    look('folder', () => checkRights(folder)),
    look('secret', () => {
      readKey(readSecretFile(pathsOf(folder).secret))
      return ['ok', 'there, and readable by you alone']
    }),
    look('tasks', () => checkData(join(folder, 'tasks.db'))),
    look('disk space', () => checkSpace(folder)),
    look('fsync', () => checkFsync(folder)),
    look('processes', () => checkProcesses(folder)),
    look('run files', () => checkRunFiles(runFolder(folder))),
  ]
}

export function checkLogs(folder: string): Finding {
  return look('logs', () => {
    const nearest = nearestThere(folder)
    if (!statSync(nearest).isDirectory()) {
      return ['problem', `${nearest} is not a folder: move it away, or name another with --logs`]
    }
    accessSync(nearest, constants.W_OK)
    return ['ok', nearest === folder ? `${folder} can be written` : `${folder} will be made by the first start`]
  })
}

/** The folder, or of those above it the first that is there. */
function nearestThere(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestThere(dirname(folder))
}

export function checkPorts(
  settings: Pick<Settings, 'port' | 'workerPorts'>,
  folder: string | undefined,
): readonly Finding[] {
  const own = folder === undefined ? [] : readRunFiles(runFolder(folder))
  const { port, workerPorts } = settings
  const range = (first: number, last: number) => (name: string, what: string) =>
    look(name, () =>
      describePorts(
        portHolders((at) => at >= first && at <= last),
        own,
        last - first + 1,
        what,
      ),
    )
  return [
    range(port, port)(`port ${port}`, 'a master takes the next one that is free'),
    range(workerPorts.first, workerPorts.last)(
      `ports ${workerPorts.first}-${workerPorts.last}`,
      'workers take those that are free',
    ),
  ]
}

/** A check that fails itself is a problem, in the words of the failure. */
function look(check: string, found: () => Found): Finding {
  try {
    const [state, words] = found()
    return { check, state, words }
  } catch (error) {
    const hint = error instanceof DtrError && error.hint !== undefined ? `; ${error.hint}` : ''
    return { check, state: 'problem', words: `${messageOf(error)}${hint}` }
  }
}

function checkNode(): Found {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 23
  return fits
    ? ['ok', `Node ${process.versions.node}`]
    : ['problem', `Node ${process.versions.node}: take 20.19 or later`]
}

async function checkClock(): Promise<Finding> {
  const before = readClocks()
  await delay(CLOCK_LOOK_MS)
  const after = readClocks()
  return look('clock', () => clockFound(after.wallMs - before.wallMs, after.monoMs - before.monoMs))
}

/** Both of one moment: of several looks the one during which the least time went by, as a busy machine may pause any. */
function readClocks(): { readonly monoMs: number; readonly wallMs: number } {
  const looks = Array.from({ length: CLOCK_LOOKS }, () => {
    const monoMs = rawMonoMs()
    const { wallMs } = systemClock.now()
    return { monoMs, wallMs, tookMs: rawMonoMs() - monoMs }
  })
  return looks.reduce((best, each) => (each.tookMs < best.tookMs ? each : best))
}

/** What two clocks say of the same stretch of time. Pure. */
export function clockFound(wallMs: number, monoMs: number): Found {
  const stepMs = wallMs - monoMs
  if (Math.abs(stepMs) < CLOCK_STEP_MS) return ['ok', 'the wall clock goes as the monotonic one does']
  const step = formatDuration(Math.round(Math.abs(stepMs)))
  return [
    'warning',
    `the wall clock was set ${step} ${stepMs < 0 ? 'back' : 'forward'} just now: look at the time service (timedatectl); no lease ends by it, but delayed tasks begin by so much ${stepMs < 0 ? 'later' : 'earlier'}`,
  ]
}

function checkSuspended(): Found {
  if (process.platform !== 'linux') return ['ok', 'not told on this system']
  return suspendedFound(uptime() * 1_000, rawMonoMs())
}

/** @param upMs since the machine was booted @param awakeMs without what it slept through. Pure. */
export function suspendedFound(upMs: number, awakeMs: number): Found {
  const up = formatDuration(Math.max(0, Math.round(upMs / 1_000) * 1_000))
  const sleptMs = upMs - awakeMs
  // Less is what two clocks of a machine may differ by; in a container the uptime may be its own, which is shorter.
  if (sleptMs < SLEPT_MS_MIN) return ['ok', `not since the machine was booted, ${up} ago`]
  return [
    'warning',
    `for ${formatDuration(Math.round(sleptMs / 1_000) * 1_000)} of the ${up} since the machine was booted: what ran when it fell asleep lost its lease and ran again; keep it awake while it works`,
  ]
}

function checkOpenFiles(): Found {
  if (process.platform !== 'linux') return ['ok', 'not told on this system']
  const limit = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 'unlimited'
  return limit === 'unlimited' || Number(limit) >= OPEN_FILES_FEW
    ? ['ok', `${limit} a process`]
    : ['warning', `${limit} a process: each worker and client is one; raise it with ulimit -n`]
}

function checkRights(folder: string): Found {
  const { uid, mode } = statSync(folder)
  const user = process.getuid?.() ?? uid
  if (uid !== user)
    return ['problem', `${folder} belongs to user ${uid}, you are ${user}: say --data for one of your own`]
  if ((mode & 0o022) !== 0) return ['problem', `${folder} can be written by others: chmod 700 ${folder}`]
  if ((mode & 0o077) !== 0) return ['warning', `${folder} can be read by others: chmod 700 ${folder}`]
  return ['ok', `${folder} is yours alone`]
}

function checkData(file: string): Found {
  if (!existsSync(file)) return ['ok', 'none yet; the first start makes the file']
  if (!statSync(file).isFile()) return ['problem', `${file} is no file: move it away`]
  const { isSqlite, isCut, version, known } = readHeader(file)
  if (!isSqlite) return ['problem', `${file} is not a SQLite file: ${PUT_A_BACKUP_THERE}`]
  if (isCut) return ['problem', `${file} is damaged: it is cut short; ${PUT_A_BACKUP_THERE}`]
  if (version > known) return ['problem', `schema version ${version}, this dtr knows up to ${known}: use a newer dtr`]
  if (version < known) return ['warning', `schema version ${version}; the next start copies it, then makes it ${known}`]
  return ['ok', `schema version ${version}, ${(statSync(file).size / 1024 ** 2).toFixed(1)} MiB`]
}

function checkSpace(folder: string): Found {
  const { bavail, bsize, type } = statfsSync(folder)
  const free = (bavail * bsize) / GIB
  const words = `${free.toFixed(1)} GiB free`
  if (isDiskShort(folder)) return ['problem', `${words}: new tasks are refused; make room`]
  if (type === TMPFS) return ['warning', `${words}, but in memory: a restart of the machine loses all tasks`]
  return free < 1 ? ['warning', `${words}: make room before it is full`] : ['ok', words]
}

function checkFsync(folder: string): Found {
  const file = join(folder, `.doctor-${process.pid}`)
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    const block = Buffer.alloc(4_096)
    const tookMs = Array.from({ length: FSYNCS }, () => {
      const startMs = rawMonoMs()
      writeSync(descriptor, block)
      fsyncSync(descriptor)
      return rawMonoMs() - startMs
    }).sort((one, other) => one - other)
    const median = tookMs[FSYNCS / 2] ?? 0
    const words = `${median.toFixed(2)} ms, at most ${(tookMs.at(-1) ?? 0).toFixed(2)} ms`
    return median < FSYNC_MS_SLOW
      ? ['ok', words]
      : ['warning', `${words}: every batch waits so long; take a faster disk`]
  } finally {
    closeSync(descriptor)
    rmSync(file, { force: true })
  }
}

function checkProcesses(folder: string): Found {
  const living = readRunFiles(runFolder(folder))
  if (living.length === 0) return ['ok', 'none runs']
  const names = living.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ')
  const master = living.some(({ role }) => role === 'master')
  return master ? ['ok', `held by ${names}`] : ['warning', `${names} without a master: dtr stop ends them`]
}

function checkRunFiles(folder: string): Found {
  if (!existsSync(folder)) return ['ok', 'none']
  const living = new Set(readRunFiles(folder).map(({ name }) => name))
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  const left = names.map((name) => basename(name, '.json')).filter((name) => !living.has(name))
  return left.length === 0
    ? ['ok', 'none is left over']
    : [
        'warning',
        `of processes that were killed: ${left.join(', ')}; they mean nothing, and the next start replaces them`,
      ]
}

function describePorts(
  holders: readonly PortHolder[] | undefined,
  own: readonly RunRecord[],
  count: number,
  elsewhere: string,
): Found {
  if (holders === undefined) return ['ok', 'who holds them is not told on this system']
  if (holders.length === 0) return ['ok', 'free']
  const names = holders.map((holder) => `${holder.port}: ${holderName(holder, own)}`)
  const ours = holders.filter(({ port }) => own.some((record) => record.port === port))
  if (ours.length === holders.length) return ['ok', names.join(', ')]
  if (holders.length < count || count === 1) return ['ok', `${names.join(', ')}; ${elsewhere}`]
  return [
    'problem',
    `all are taken, ${names.slice(0, 3).join(', ')}, ...: end some, or name others with --worker-ports`,
  ]
}

function holderName({ port, pid, program }: PortHolder, own: readonly RunRecord[]): string {
  const record = own.find((candidate) => candidate.port === port)
  if (record !== undefined) return `${record.name} of this cluster`
  if (pid === undefined) return "another user's process"
  const role = /dtr(?:\.js)? (master|worker|gateway)\b/.exec(program ?? '')?.[1]
  return role === undefined ? `pid ${pid} (${program ?? 'unknown'})` : `a ${role} of another cluster (pid ${pid})`
}
