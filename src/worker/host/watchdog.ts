// The watchdog of a host: a thread that no task can block, and that waits on the worker's pipe (design: section 6). It ends
// the whole process group, commands and grandchildren included, the moment the worker is gone, and by itself where
// no confirmed beat has come in time, also while the worker is frozen (P7, P18).
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'
import { rawMonoMs } from '../../clock.js'
import { Marks } from './event-loop.js'
import { Gate } from './gate.js'
import { Pipe } from './pipe.js'
import type { Recalled, SignOfLife, ToWatchdog } from './pipe-messages.js'

/** Inherited from the worker; see process.ts. */
const WATCHDOG_FD = 3
const FIRST_SIGN_EVERY_MS = 500

/** A host leads its process group; should it ever not, it ends at least itself. */
function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL')
  } catch {
    process.kill(process.pid, 'SIGKILL')
  }
}

let deadlineMs = Number.POSITIVE_INFINITY
let timer: NodeJS.Timeout | undefined

function watch(): void {
  clearTimeout(timer)
  const leftMs = deadlineMs - rawMonoMs()
  if (leftMs <= 0) endGroup()
  else if (leftMs !== Number.POSITIVE_INFINITY) timer = setTimeout(watch, Math.min(leftMs + 1, 2 ** 31 - 1))
}

const shared = workerData as { readonly marks: Marks['shared']; readonly gate: Gate['shared'] }
/** Left by the main thread. */
const marks = new Marks(shared.marks)
const gate = new Gate(shared.gate)
let signEveryMs = 0
let signedAtMs = rawMonoMs()
let signs: NodeJS.Timeout | undefined

function giveSigns(everyMs: number): void {
  if (everyMs === signEveryMs) return
  signEveryMs = everyMs
  clearInterval(signs)
  signs = setInterval(giveSign, everyMs)
  giveSign()
}

/** One that waits to be read is enough. */
function giveSign(): void {
  const nowMs = rawMonoMs()
  // Where this thread stood still as well nobody has blocked the other.
  const stalledMs = Math.max(0, nowMs - signedAtMs - signEveryMs)
  signedAtMs = nowMs
  const sign: SignOfLife = {
    begun: gate.begun,
    memoryBytes: process.memoryUsage.rss(),
    blockedMs: Math.max(0, marks.blockedMs(nowMs) - Math.round(stalledMs)),
  }
  if (socket.writableLength === 0) pipe.send(sign)
}

/** Whatever the main thread does: what it has not begun of these it never will. */
function recall(epoch: number): void {
  pipe.send({ epoch, begun: gate.close(epoch) } satisfies Recalled)
}

process.on('uncaughtException', endGroup)
const socket = new Socket({ fd: WATCHDOG_FD, readable: true, writable: true })
const pipe = new Pipe(socket, {
  read: (row) => row as ToWatchdog,
  rows(rows) {
    for (const row of rows) {
      if ('recall' in row) {
        recall(row.recall)
        continue
      }
      deadlineMs = row.deadlineMs
      giveSigns(row.signEveryMs)
    }
    watch()
  },
  closed: endGroup,
})
giveSigns(FIRST_SIGN_EVERY_MS)
