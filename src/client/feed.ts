// What goes on in the whole cluster, for who looks at it: the same question again and again, with the place where the answer
// before ended. Whoever takes its time between two answers is told more at once, or of a gap.
import type { Clock } from '../clock.js'
import { checkOptions, checkSignal } from '../config/options.js'
import { DtrError } from '../errors.js'
import { type Fed, LIST_MAX } from '../protocol/messages.js'
import { onAbort } from './on-abort.js'
import type { AnswerTo, Request } from './requests.js'
import { type Duration, readMs } from './spec.js'

type AskFeed = Extract<Request, { type: 'feed' }>

/** Where a reader of the feed is. */
export interface FeedPlace {
  readonly master: string
  readonly next: number
}

export interface ClusterFeed extends FeedPlace {
  /** The master's wall clock. */
  readonly at: number
  /** What was before is not known here: `tasks({ states: ['running'] })` tells what runs. The counts begin anew. */
  readonly gap: boolean
  /** Since the master is asked: who wants a rate subtracts. */
  readonly counts: Fed['counts']
  readonly entries: Fed['list']
}

export interface FeedOptions {
  /** Goes on behind this one. */
  readonly after?: FeedPlace | undefined
  /** Between two answers; 250 ms where unset. */
  readonly every?: Duration | undefined
  readonly signal?: AbortSignal | undefined
}

export interface FeedSource {
  ask(request: AskFeed): Promise<AnswerTo<AskFeed>>
  readonly clock: Clock
}

const EVERY_MS = 250

export async function* feedOf(
  { ask, clock }: FeedSource,
  options: FeedOptions,
): AsyncGenerator<ClusterFeed, void, undefined> {
  checkOptions(options, ['after', 'every', 'signal'])
  const { signal } = options
  checkSignal(signal)
  const everyMs = readMs(options.every, 'every') ?? EVERY_MS
  if (everyMs < 1) throw new DtrError('bad_input', 'every: is less than a millisecond')
  let place = options.after
  let leave = (): void => {}
  const stay = signal === undefined ? () => {} : onAbort(signal, () => leave())
  const answer = (): Promise<AnswerTo<AskFeed> | undefined> =>
    new Promise((resolve, reject) => {
      leave = () => resolve(undefined)
      ask({ type: 'feed', ...(place && { master: place.master, after: place.next }) }).then(resolve, reject)
    })
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.wakeAt(clock.now().monoMs + everyMs, resolve)
      leave = () => {
        cancel()
        resolve()
      }
    })
  // What left while nobody waited is seen where the next wait would begin.
  const isLeft = (): boolean => signal?.aborted === true
  try {
    while (!isLeft()) {
      const told = await answer()
      if (told === undefined) return
      const { master, next, at, gap, counts, list } = told
      place = { master, next }
      yield { ...place, at, gap, counts, entries: list }
      if (list.length < LIST_MAX && !isLeft()) await pause()
    }
  } finally {
    stay()
  }
}
