// What the code in a host may have of memory. A host that takes more is ended by its worker, before the machine has none left
// and its kernel ends whom it likes. Who was alone in it is charged; of several it is not known who it was (P11).
import { formatSize } from '../../config.js'
import type { TaskError } from '../../task/task.js'
import type { HostEnd, HostId } from '../events.js'
import type { Host } from '../state.js'
import type { Turn } from '../turn.js'
import { kill, memoryBytesMaxOf } from './hosts.js'
import { recycleIfDue } from './recycle.js'

/** As its last sign of life has it. */
export function tookMemory(turn: Turn, id: HostId, memoryBytes: number): void {
  const host = turn.state.hosts.get(id)
  if (host === undefined || host.phase === 'ending') return
  host.memoryBytes = memoryBytes
  if (host.begins === 0) host.freshBytes = memoryBytes
  endIfTooMuch(turn, host)
  recycleIfDue(turn, host)
}

function endIfTooMuch(turn: Turn, host: Host): void {
  const bytesMax = memoryBytesMaxOf(turn.state, host)
  if (bytesMax === undefined || host.memoryBytes <= bytesMax) return
  // What it has without a task nobody is charged for: it is recycled.
  if (![...turn.state.attempts].some((attempt) => attempt.host === host.id && attempt.phase === 'begun')) return
  const message = `out of memory: its process had ${formatSize(host.memoryBytes)}, and the limit is ${formatSize(bytesMax)}`
  turn.log('error', `host is killed, ${message}`, { pid: host.pid })
  host.lastWords = { code: 'out_of_memory', message }
  kill(turn, host, 'memory')
}

/** What is known of a death for want of memory that the worker has not ordered. */
export function wantOfMemory(host: Host, { full }: HostEnd): Pick<TaskError, 'code' | 'message'> | undefined {
  if (full === undefined) return undefined
  const what =
    full === 'heap' ? 'the heap of its process was full' : 'the machine had none left, and its kernel chose it'
  const had = host.memoryBytes > 0 ? `; it had ${formatSize(host.memoryBytes)} when it was last heard` : ''
  return { code: 'out_of_memory', message: `out of memory: ${what}${had}` }
}
