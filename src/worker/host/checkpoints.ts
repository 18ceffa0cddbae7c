// Checkpoints of the code in this host, until their worker has answered. One of an attempt is under way at a time; of those that
// come meanwhile the last one follows, and stands for all before it: so the fastest loop fills no memory.
import { DtrError } from '../../errors.js'
import { CHECKPOINT_BYTES_MAX } from '../../runner/runner.js'
import type { CheckpointAnswer, HostCheckpoint } from '../events.js'

interface Durable {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: DtrError): void
}

interface Kept {
  n: number
  underWay: Durable | undefined
  next: { checkpoint: HostCheckpoint; readonly durable: Durable } | undefined
}

export class Checkpoints {
  readonly #byLease = new Map<string, Kept>()

  constructor(private readonly say: (checkpoint: HostCheckpoint) => void) {}

  /** @throws DtrError `too_large` or `bad_input`, at once: that is a mistake of the code, whether it waits or not */
  keep(leaseId: string, value: string): Promise<void> {
    check(value)
    const kept = this.#byLease.get(leaseId) ?? { n: 0, underWay: undefined, next: undefined }
    this.#byLease.set(leaseId, kept)
    kept.n += 1
    const checkpoint = { leaseId, n: kept.n, value }
    if (kept.next === undefined) kept.next = { checkpoint, durable: newDurable() }
    else kept.next.checkpoint = checkpoint
    const { promise } = kept.next.durable
    this.#sendNext(kept)
    return promise
  }

  answered({ leaseId, status }: CheckpointAnswer): void {
    const kept = this.#byLease.get(leaseId)
    if (kept === undefined) return
    if (status === 'recorded') kept.underWay?.resolve()
    else kept.underWay?.reject(refusal(status))
    kept.underWay = undefined
    this.#sendNext(kept)
  }

  /** Its attempt has ended. */
  ended(leaseId: string): void {
    const kept = this.#byLease.get(leaseId)
    if (kept === undefined) return
    this.#byLease.delete(leaseId)
    kept.underWay?.reject(over())
    kept.next?.durable.reject(over())
  }

  #sendNext(kept: Kept): void {
    if (kept.underWay !== undefined || kept.next === undefined) return
    const { checkpoint, durable } = kept.next
    kept.underWay = durable
    kept.next = undefined
    this.say(checkpoint)
  }
}

/** For code that goes on behind the end of its attempt. */
export function over(): DtrError {
  return new DtrError('stale', 'this attempt has ended: its checkpoint was not kept')
}

/** Whoever does not wait for it does not want to know: a rejection that nobody handles would end this host. */
function newDurable(): Durable {
  let resolve = (): void => {}
  let reject = (_error: DtrError): void => {}
  const promise = new Promise<void>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}

function check(value: string): void {
  const bytes = Buffer.byteLength(value)
  if (bytes > CHECKPOINT_BYTES_MAX) {
    throw new DtrError('too_large', `the checkpoint has ${bytes} bytes, and the limit is ${CHECKPOINT_BYTES_MAX}`, {
      hint: 'keep the data in a file, and in the checkpoint its path',
    })
  }
  if (!value.isWellFormed()) throw new DtrError('bad_input', 'the checkpoint holds half a character')
}

function refusal(status: 'stale' | 'unsupported'): DtrError {
  if (status === 'stale') return new DtrError('stale', 'the lease of this attempt is over: its checkpoint was not kept')
  return new DtrError('unsupported', 'the master is of another version, and keeps no checkpoints')
}
