// The points at which a master can die, one by one: before, within and after what it writes, and in the middle of what it
// says; while it starts, and while it stops. It is killed from outside, as it enters the call that is named.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../config.js'
import { type Change, SYNCS } from './strace.js'

/** What makes the master do it: a submit, a task that ends, its own start (on a new folder, or not), its stop. */
export type Trigger = 'submit' | 'end' | 'new' | 'start' | 'stop'

export interface Failpoint {
  readonly name: string
  readonly trigger: Trigger
  readonly calls: string
  /** The how manieth of these calls. */
  readonly when: number
  /** Files of the data folder that it is about. */
  readonly files?: readonly string[]
  /** Or sockets: to its clients, to its workers, to both. */
  readonly sockets?: readonly ('client' | 'worker')[]
  /** The message that is to be on its way. */
  readonly saying?: string
}

const [DATA, LOG] = ['tasks.db', 'tasks.db-wal']
const SENDS = 'write,writev'
const write = { calls: 'pwrite64', when: 1 } as const
const sync = { calls: SYNCS, when: 1 } as const
const send = { calls: SENDS, when: 1 } as const
const ALL = ['client', 'worker'] as const

export const FAILPOINTS: readonly Failpoint[] = [
  { name: 'before a batch is written', trigger: 'submit', ...write, files: [LOG] },
  { name: 'between the writes of a batch', trigger: 'submit', ...write, when: 4, files: [LOG] },
  { name: 'in the sync of submits', trigger: 'submit', ...sync, files: [LOG] },
  { name: 'in the sync of results', trigger: 'end', ...sync, files: [LOG] },
  { name: 'after the sync, before anything is sent', trigger: 'submit', ...send, sockets: ALL },
  { name: 'after the first message of a batch', trigger: 'submit', ...send, when: 2, sockets: ALL },
  { name: 'as accepted is sent', trigger: 'submit', ...send, sockets: ['client'], saying: 'accepted' },
  { name: 'as assign is sent', trigger: 'submit', ...send, sockets: ['worker'], saying: 'assign' },
  { name: 'as recorded is sent', trigger: 'end', ...send, sockets: ['worker'], saying: 'recorded' },
  { name: 'as ended is sent', trigger: 'end', ...send, sockets: ['client'], saying: 'ended' },
  { name: 'on a new folder, as its lock is made', trigger: 'new', ...write, files: ['master.lock-journal'] },
  { name: 'on a new folder, as the data file is made', trigger: 'new', ...write, files: [DATA] },
  { name: 'on a new folder, within the migration', trigger: 'new', ...write, when: 12, files: [LOG] },
  { name: 'on a new folder, in the sync of the migration', trigger: 'new', ...sync, when: 2, files: [LOG] },
  { name: 'at its start, as it takes the lock', trigger: 'start', calls: 'rename', when: 1 },
  { name: 'at its start, as the log is brought into the file', trigger: 'start', ...write, when: 2, files: [DATA] },
  { name: 'at its start, in the sync of the file', trigger: 'start', ...sync, files: [DATA] },
  { name: 'at its start, as it begins to listen', trigger: 'start', calls: 'listen', when: 1 },
  {
    name: 'at its start, as it says where it is',
    trigger: 'start',
    calls: 'rename',
    when: 2,
  },
  { name: 'at its stop, as the log is brought into the file', trigger: 'stop', ...write, files: [DATA] },
  { name: 'at its stop, as the log is removed', trigger: 'stop', calls: 'unlink', when: 1, files: [LOG] },
  { name: 'at its stop, as the lock is let go', trigger: 'stop', calls: 'unlink', when: 1, files: ['lock.json'] },
]

/** @param pid of the master, where it runs */
export function deathAt(failpoint: Failpoint, settings: Settings, pid?: number): Change {
  const { calls, when, files = [], sockets = [] } = failpoint
  const paths = files.map((file) => join(settings.data, file))
  const open = pid === undefined ? [] : sockets.flatMap((role) => socketsOf(pid, role, settings))
  return { calls, what: `signal=SIGKILL:when=${when}`, of: [...paths, ...open] }
}

/** The message within which it died, as the tracer wrote it down. */
export function lastWords(traced: string): string | undefined {
  const said = [...traced.matchAll(/\{\\"type\\":\\"([a-z-]+)\\"/g)]
  return said.at(-1)?.[1]
}

/** Connections of a master: clients come to its port, it goes to those of its workers. */
function socketsOf(pid: number, role: 'client' | 'worker', { port, workerPorts }: Settings): string[] {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)))
  const [, ...lines] = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n')
  return lines.flatMap((line) => {
    const [, local = '', remote = '', , , , , , , inode] = line.trim().split(/\s+/)
    const isRole =
      role === 'client'
        ? portOf(local) === port
        : portOf(remote) >= workerPorts.first && portOf(remote) <= workerPorts.last
    const socket = `socket:[${inode}]`
    return isRole && own.has(socket) ? [socket] : []
  })
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16)
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // It was closed meanwhile.
  }
}
