// What a task does, as server-sent events. The id of each says how much of the log of which attempt was told by then, so that
// a caller who comes again is told the rest.
import type { TaskEvent, TaskLogEvent } from '../../client/task-events.js'
import type { StreamEvent } from './event-stream.js'
import { jsonOf } from './json-text.js'
import { carried, failureView, timeOf, type View } from './task-view.js'

/** A larger result is asked for, and does not wait for a reader beside all others. */
const RESULT_CHARS_MAX = 32 * 1024

export interface Told {
  readonly attempt: number
  /** Bytes of its log. */
  readonly bytes: number
}

/** What `Last-Event-ID` says; nothing where it is no id of ours. */
export function readTold(header: string | string[] | undefined): Told | undefined {
  const [, attempt, bytes] = /^(\d{1,9})\.(\d{1,15})$/.exec([header].flat()[0] ?? '') ?? []
  return attempt === undefined ? undefined : { attempt: Number(attempt), bytes: Number(bytes) }
}

export class TaskEvents {
  readonly #before: Told
  #told: Told = { attempt: 0, bytes: 0 }

  constructor(before: Told = { attempt: 0, bytes: 0 }) {
    this.#before = before
  }

  /** Nothing for what was told before. */
  next(event: TaskEvent): StreamEvent | undefined {
    if (event.kind === 'log') return this.#log(event)
    if (event.kind !== 'ended' && event.attempt > this.#told.attempt) this.#told = { attempt: event.attempt, bytes: 0 }
    return this.#say(event.kind, event.id, viewOf(event))
  }

  #log({ id, attempt, text, skipped = 0 }: TaskLogEvent): StreamEvent | undefined {
    const from = (attempt === this.#told.attempt ? this.#told.bytes : 0) + skipped
    const bytes = Buffer.from(text)
    this.#told = { attempt, bytes: from + bytes.length }
    const { attempt: lastAttempt, bytes: lastBytes } = this.#before
    if (attempt < lastAttempt) return undefined
    const known = attempt === lastAttempt ? Math.min(bytes.length, Math.max(0, lastBytes - from)) : 0
    if (known === bytes.length) return undefined
    const rest = known === 0 ? text : bytes.subarray(known).toString()
    return this.#say('log', id, { attempt, text: rest, skipped: known === 0 && skipped > 0 ? skipped : undefined })
  }

  #say(event: string, id: string, view: View): StreamEvent {
    const { attempt, bytes } = this.#told
    return { event, id: `${attempt}.${bytes}`, data: jsonOf({ id, ...view }) }
  }
}

function viewOf(event: Exclude<TaskEvent, TaskLogEvent>): View {
  switch (event.kind) {
    case 'state': {
      const { state, attempt, worker, error, runAt } = event
      const due = runAt === undefined ? undefined : timeOf(runAt)
      return { state, status: state, attempt, worker_id: worker, error: failureView(error), run_at: due }
    }
    case 'progress':
      return { attempt: event.attempt, percent: event.percent, message: event.message }
    case 'ended': {
      const { state, result, encoding, error } = event
      const fits = (result?.length ?? 0) <= RESULT_CHARS_MAX
      return {
        ...{ state, status: state },
        result: fits ? carried(result, encoding) : undefined,
        result_encoding: fits && encoding === 'base64' ? 'base64' : undefined,
        result_omitted: fits ? undefined : true,
        error: failureView(error),
      }
    }
  }
}
