// What one watcher has been told of one task, pure: what it is told again, after a reconnect or because another watches it too,
// is left out; of a log each byte comes once, and what is missing is counted.
import type { KeptLogField, SeenField } from '../protocol/messages.js'
import type { TaskLogEvent, TaskProgressEvent, TaskStateEvent } from './task-events.js'

export class Course {
  /** The last kept log that it was told. */
  lastLog = 0
  #state = ''
  #progress = ''
  /** How much of its log was told, by attempt. */
  readonly #heard = new Map<number, number>()

  constructor(readonly id: string) {}

  state({ state, attempt, worker, error, runAt }: SeenField): TaskStateEvent | undefined {
    if (state !== 'pending' && state !== 'running') return undefined
    const told = `${state} ${attempt} ${worker ?? ''}`
    if (told === this.#state) return undefined
    this.#state = told
    this.#progress = ''
    return {
      ...{ kind: 'state', id: this.id, state, attempt },
      ...(worker !== undefined && { worker }),
      ...(error !== undefined && { error }),
      ...(runAt !== undefined && { runAt }),
    }
  }

  progress({ attempt, percent, message }: SeenField): TaskProgressEvent | undefined {
    if (percent === undefined) return undefined
    const told = `${attempt} ${percent} ${message ?? ''}`
    if (told === this.#progress) return undefined
    this.#progress = told
    return { kind: 'progress', id: this.id, attempt, percent, ...(message !== undefined && { message }) }
  }

  log({ attempt, log }: SeenField): TaskLogEvent | undefined {
    return log === undefined ? undefined : this.#said(attempt, log)
  }

  kept(log: KeptLogField): TaskLogEvent | undefined {
    this.lastLog = log.n
    return this.#said(log.attempt, log)
  }

  #said(attempt: number, { at, text }: { readonly at: number; readonly text: string }): TaskLogEvent | undefined {
    const heard = this.#heard.get(attempt) ?? 0
    const end = at + Buffer.byteLength(text)
    if (end <= heard) return undefined
    this.#heard.set(attempt, end)
    const unheard =
      at >= heard
        ? text
        : Buffer.from(text)
            .subarray(heard - at)
            .toString('utf8')
    const skipped = at - heard
    return { kind: 'log', id: this.id, attempt, text: unheard, ...(skipped > 0 && { skipped }) }
  }
}
