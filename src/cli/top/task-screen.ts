// One task as it is looked at: what `dtr get` tells of it, and what its attempts have said. Pure.
import type { TaskLog } from '../../client/task-events.js'
import { describeTask } from '../get.js'
import type { StoryView } from '../story.js'
import { type Line, wrapped } from './cells.js'
import type { Looking } from './state.js'

/** Of what an attempt has said; dtr logs shows all that is kept. */
const LOG_CHARS_MAX = 8_192

export function taskLines({ id, task, logs, problem }: Looking, view: StoryView, columns: number): Line[] {
  if (problem !== undefined) return [[{ text: `${id}: ${problem}` }]]
  if (task === undefined) return [[{ text: `${id}: asking the master`, colour: 'gray' }]]
  const told = describeTask(task, view).flatMap((line) => wrapped(line, columns))
  return [...told.map((text): Line => [{ text }]), ...logs.flatMap((log) => logLines(log, columns))]
}

function logLines({ attempt, text, skipped }: TaskLog, columns: number): Line[] {
  const whole = skipped === 0 && text.length <= LOG_CHARS_MAX
  const head = `what attempt ${attempt} said${whole ? '' : `, its end (dtr logs shows more)`}`
  const shown = text.slice(-LOG_CHARS_MAX).toWellFormed().replace(/\n$/, '')
  return [[{ text: head, colour: 'bold' }], ...wrapped(shown, columns).map((line): Line => [{ text: line }])]
}
