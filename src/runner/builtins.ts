// Tasks that every worker has unless it is given others: for the demonstration, for drills, and for a first try.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { isAbsolute } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { messageOf } from '../errors.js'
import type { TaskContext } from '../task/context.js'
import { defineTasks, NonRetryableError } from '../task/define.js'
import { sentimentOf } from './sentiment.js'

const NEWLINE = 0x0a
const Path = { type: 'string', minLength: 1 }
const PRIMES_BELOW_MAX = 100_000_000

export const builtins = defineTasks({
  /** SHA-256, bytes and lines (as `wc -l` counts them) of a file, at the path as the worker sees it. */
  checksum: {
    schema: { anyOf: [Path, { type: 'object', required: ['path'], properties: { path: Path } }] },
    run: (payload: string | { path: string }, ctx) =>
      checksum(typeof payload === 'string' ? payload : payload.path, ctx),
  },

  echo: (payload) => payload,

  sleep: {
    schema: object({ ms: { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 } }),
    run: async ({ ms }: { ms: number }, ctx) => {
      await setTimeout(ms, undefined, { signal: ctx.signal })
      return { ms }
    },
  },

  /** What a text sounds like. */
  sentiment: {
    schema: object({ text: { type: 'string', maxLength: 1_000_000 } }),
    run: ({ text }: { text: string }) => sentimentOf(text),
  },

  /** Keeps a core busy. */
  primes: {
    schema: object({ below: { type: 'integer', minimum: 0, maximum: PRIMES_BELOW_MAX } }),
    run: ({ below }: { below: number }) => primes(below),
  },

  /** Fails in its first attempts. */
  flaky: {
    schema: object({ failures: { type: 'integer', minimum: 0 } }),
    run: ({ failures }: { failures: number }, { attempt }) => {
      if (attempt <= failures) throw new Error(`flaky: attempt ${attempt} of ${failures} that fail`)
      return { attempts: attempt }
    },
  },
})

function object(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', required: Object.keys(properties), properties }
}

/** What cannot be read now will not be there at the next attempt either. */
const GONE = ['ENOENT', 'EISDIR', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']

async function checksum(path: string, { signal }: TaskContext): Promise<object> {
  const hash = createHash('sha256')
  let bytes = 0
  let lines = 0
  try {
    for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1
    }
  } catch (error) {
    if (!GONE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    const seenFrom = isAbsolute(path) ? '' : ` (seen from ${process.cwd()}, the folder of the worker)`
    throw new NonRetryableError(`${messageOf(error)}${seenFrom}`, { cause: error })
  }
  return { path, sha256: hash.digest('hex'), bytes, lines }
}

/** The sieve of Eratosthenes. */
function primes(below: number): { below: number; count: number; largest: number | null } {
  const composite = new Uint8Array(below)
  let count = 0
  let largest: number | null = null
  for (let number = 2; number < below; number += 1) {
    if (composite[number] === 1) continue
    count += 1
    largest = number
    for (let multiple = number * number; multiple < below; multiple += number) composite[multiple] = 1
  }
  return { below, count, largest }
}
