// A host that has begun many attempts, or has much memory, gives way to a new one: code that leaks is cheaper to replace than
// to find. The new one starts beside it and takes its place when it is ready; what runs in the old one runs to its end, and it
// ends when it is empty. No task is lost or charged, and no slot waits for a start.
//
//   (in service) --due--> its heir is starting --ready--> the heir is in service, the former one is old --empty--> killed
//                               \--dead, unfit--> it stays in service, and no other heir comes for a while
import { formatDuration, formatSize } from '../../config.js'
import type { Host, State } from '../state.js'
import type { Turn } from '../turn.js'
import { kill, memoryBytesMaxOf, spawn } from './hosts.js'

/** Of the memory that it may have: an innocent task shall not pay for what those before it have left. */
const SHARE_OF_LIMIT = 3 / 4
/** Modules that cannot be loaded are not mended at once. */
const AGAIN_MS = 60_000

/** More has begun in it, or it was heard of. */
export function recycleIfDue(turn: Turn, host: Host): void {
  const { state, at } = turn
  const why = reasonFor(state, host)
  if (why === undefined || host.heir !== undefined || host.phase !== 'ready') return
  if (host.role !== 'main' && host.role !== 'own') return
  // Another one is to be the main one anyway; or nothing begins any more.
  if (state.reload !== undefined || state.drain !== undefined || state.lease === 'ended') return
  if (at < state.recycleNotBefore) return
  turn.log('info', `host is recycled: ${why}`, { pid: host.pid })
  host.heir = spawn(turn, 'heir').id
}

function reasonFor(state: State, host: Host): string | undefined {
  const { recycleAfter } = state.config.care
  if (recycleAfter !== undefined && host.begins >= recycleAfter) return `it has begun ${host.begins} tasks`
  const bytes = recycleBytesOf(state, host)
  // One that has so much before its first task is not mended by another one.
  if (bytes === undefined || host.memoryBytes < bytes || host.freshBytes >= bytes) return undefined
  return `it has ${formatSize(host.memoryBytes)} of memory`
}

function recycleBytesOf(state: State, host: Host): number | undefined {
  const { recycleBytes } = state.config.care
  if (recycleBytes !== undefined) return recycleBytes
  const bytesMax = memoryBytesMaxOf(state, host)
  return bytesMax === undefined ? undefined : bytesMax * SHARE_OF_LIMIT
}

/** An heir has loaded its modules. */
export function inherit(turn: Turn, heir: Host): void {
  const former = formerOf(turn.state, heir)
  // It has died meanwhile, or new code has taken its place.
  if (former === undefined || former.phase === 'ending' || former.role === 'old') return kill(turn, heir, 'idle')
  heir.role = former.role
  former.role = 'old'
}

/** An heir is gone before it was ready. */
export function heirEnded(turn: Turn, heir: Host, why: string): void {
  const former = formerOf(turn.state, heir)
  if (former === undefined) return
  former.heir = undefined
  if (heir.killedFor !== undefined && heir.killedFor !== 'loading') return
  turn.state.recycleNotBefore = turn.at + AGAIN_MS
  const again = `not tried again for ${formatDuration(AGAIN_MS)}`
  turn.log('error', `the host that was to take another's place could not be made ready, ${again}: ${why}`)
}

function formerOf({ hosts }: State, { id }: Host): Host | undefined {
  return [...hosts.values()].find(({ heir }) => heir === id)
}
