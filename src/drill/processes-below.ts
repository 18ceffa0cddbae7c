// What a process has started, and what that has started, as the kernel tells it.
import { readdirSync, readFileSync } from 'node:fs'

/** Pids of all that live below this one. */
export function processesBelow(pid: number): readonly number[] {
  const parents = new Map(
    readdirSync('/proc')
      .map(Number)
      .filter(Number.isInteger)
      .map((one) => [one, parentOf(one)]),
  )
  const found: number[] = [pid]
  for (const above of found) for (const [one, parent] of parents) if (parent === above) found.push(one)
  return found.slice(1)
}

/** Neither has it ended, nor does it wait to be forgotten. */
export function isAlive(pid: number): boolean {
  return parentOf(pid) !== undefined
}

/** Field 4 of /proc/<pid>/stat; none of one that has ended, also where nobody has waited for it yet. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? undefined : Number(parent)
  } catch {
    return undefined
  }
}
