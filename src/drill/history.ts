// What a drill leaves to be judged: what was accepted, what the client was told, what the store says, and what the tasks
// themselves wrote down while they ran.
import { readFileSync } from 'node:fs'
import type { TaskEnd } from '../client/task-end.js'
import type { MonoMs } from '../clock.js'
import type { TaskField } from '../protocol/messages.js'

/** A line that a task wrote itself: its code began, went on, came to its end. */
export interface Sign {
  readonly what: 'start' | 'alive' | 'end'
  readonly task: string
  readonly attempt: number
  readonly lease: string
  /** Of the host in which it ran. */
  readonly pid: number
  /** Of the command beside it that it was, where it was one. */
  readonly command?: number
  /** On the one monotonic clock of the machine. */
  readonly atMs: MonoMs
}

/** A task whose submit was answered. */
export interface Accepted {
  readonly id: string
  /** What was submitted, as text. */
  readonly payload: string
  readonly maxAttempts: number
  /** The error code that it is to end with; none, it is to complete. */
  readonly endsWith?: string | undefined
}

export interface History {
  readonly accepted: readonly Accepted[]
  /** By id. */
  readonly told: ReadonlyMap<string, TaskEnd>
  readonly stored: ReadonlyMap<string, TaskField>
  readonly signs: readonly Sign[]
  /** When code that had stood still went on: beyond the margins of P7 it has a second to end. */
  readonly wakes: readonly MonoMs[]
}

/** What a task of the drill returns: which attempt of it speaks. */
export interface Testimony {
  readonly lease: string
  readonly attempt: number
}

/** A line that is still being written is left for the next time. */
export function readSigns(file: string): Sign[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Sign)
}

/** The lives of code that the signs tell of, in the order in which they began. */
export interface Life {
  readonly task: string
  readonly lease: string
  readonly pid: number
  readonly signs: readonly Sign[]
  readonly startMs: MonoMs
  readonly ended: boolean
}

export function livesOf(signs: readonly Sign[]): Life[] {
  const byLease = grouped(signs, ({ lease }) => lease)
  return [...byLease.values()]
    .map((ofLease) => ({
      task: ofLease[0]!.task,
      lease: ofLease[0]!.lease,
      pid: ofLease[0]!.pid,
      signs: ofLease,
      startMs: ofLease[0]!.atMs,
      ended: ofLease.some(({ what }) => what === 'end'),
    }))
    .sort((one, other) => one.startMs - other.startMs)
}

export function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
