// The course of tasks as events, in order: what their attempts said that is kept, then what comes. Where the watching itself
// missed something, since it was away or an attempt was quick, what is kept of the log is told when the attempt has ended.
import type { KeptLogField, SeenField } from '../protocol/messages.js'
import { Course } from './course.js'
import type { TaskEvent, TaskLogEvent } from './task-events.js'
import type { TaskWatch } from './task-watch.js'

export interface WatchSource {
  readonly watch: TaskWatch
  /** What attempts of a task said, as far as it is kept, behind this one. */
  keptLogs(id: string, after: number): AsyncIterable<KeptLogField>
}

export async function* watchTasks(ids: readonly string[], source: WatchSource): AsyncGenerator<TaskEvent, void> {
  const courses = new Map(ids.map((id) => [id, new Course(id)]))
  for (const course of courses.values()) yield* keptOf(course, source)
  for (let item = await source.watch.next(); item !== undefined; item = await source.watch.next()) {
    const course = courses.get(item.kind === 'seen' ? item.entry.id : item.end.id)
    if (course === undefined) continue
    if (item.kind === 'seen') yield* seen(course, item.entry, source)
    else {
      yield* keptOf(course, source)
      yield { kind: 'ended', ...item.end }
    }
  }
}

async function* seen(course: Course, entry: SeenField, source: WatchSource): AsyncGenerator<TaskEvent, void> {
  const state = course.state(entry)
  // What the attempt before said last.
  if (state?.state === 'pending' && state.attempt > 0) yield* keptOf(course, source)
  if (state !== undefined) yield state
  const log = course.log(entry)
  if (log !== undefined) yield log
  const progress = course.progress(entry)
  if (progress !== undefined) yield progress
}

async function* keptOf(course: Course, source: WatchSource): AsyncGenerator<TaskLogEvent, void> {
  for await (const log of source.keptLogs(course.id, course.lastLog)) {
    const event = course.kept(log)
    if (event !== undefined) yield event
  }
}
