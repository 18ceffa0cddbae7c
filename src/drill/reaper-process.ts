// The process of a reaper: it listens until the drill has ended, in whatever way, and then undoes.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { MARK, type ReaperOrder } from './reaper.js'

/** A process that waits for its disk dies when that has answered. */
const PATIENCE_MS = 30_000
const AGAIN_MS = 20

const [, , folder = ''] = process.argv
const undos: (readonly string[])[] = []
let keep = false

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as ReaperOrder
  if ('undo' in order) undos.push(order.undo)
  else keep = order.keep
}
const until = AbortSignal.timeout(PATIENCE_MS)
// Again until there are none: one that is killed may just have started another. A frozen process dies as well.
for (let left = marked(); left.length > 0 && !until.aborted; left = marked()) {
  for (const pid of left) kill(pid)
  await pause(AGAIN_MS)
}
for (const [command = '', ...args] of undos.reverse()) spawnSync(command, args)
if (!keep) rmSync(folder, { recursive: true, force: true })

/** Pids of processes that were started for this drill. Those that are dead and not yet waited for have no environment. */
function marked(): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => environmentOf(pid).includes(`${MARK}=${folder}`))
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was faster.
  }
}
