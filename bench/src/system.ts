// What is compared: a queue with its servers and two workers, used as its own documentation advises for speed. All do the
// same work: no-op tasks with a payload of about 100 bytes, whose small result is stored.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

export interface System {
  readonly name: string
  /** In a line: what a reader must know to repeat or to doubt it. */
  readonly settings: string
  /** Tasks a second that it is known to do on a machine of 2 cores: far below that, the harness is to be doubted. */
  readonly expected?: number | undefined
  /** A quarter of the tasks is enough of it. */
  readonly slow?: boolean
  /** What it is made of. */
  version(): Promise<string> | string
  /** Servers and two workers, empty and ready. @throws Missing */
  start(): Promise<void>
  /** Submits in bulk. @returns how long until it was known that every result is stored, in milliseconds */
  throughput(count: number): Promise<number>
  /** One at a time. @returns how long each took from submit to result, in milliseconds */
  latency(count: number): Promise<readonly number[]>
  stop(): Promise<void>
}

/** Something that it needs is not on this machine. */
export class Missing extends Error {}

export const PAYLOAD = { text: 'x'.repeat(80), n: 1 }
export const RESULT = { ok: true }
/** Tasks that each of the two workers runs at the same time. */
export const CONCURRENCY = 50
/** Tasks in a call where a system takes many at once. */
export const BULK = 1_000

/** Of a package of npm. */
export function versionOf(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return `${name} ${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`
}

/** So many are measured however slow they are, and no more after so long. */
const SINGLES_MIN = 50
const SINGLES_MS_MAX = 10_000

/** One after the other. @returns how long each took, in milliseconds */
export async function oneByOne(count: number, act: () => Promise<unknown>): Promise<readonly number[]> {
  const took: number[] = []
  const until = performance.now() + SINGLES_MS_MAX
  for (let n = 0; n < count && (n < SINGLES_MIN || performance.now() < until); n += 1) {
    const began = performance.now()
    await act()
    took.push(performance.now() - began)
  }
  return took
}

/** Sizes of the calls that submit `count` tasks. */
export function bulks(count: number): number[] {
  return Array.from({ length: Math.ceil(count / BULK) }, (_, index) => Math.min(BULK, count - index * BULK))
}
