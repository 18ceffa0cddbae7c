// What watched tasks do, for a person: lines, and on a terminal a bar below them for each task that says how far it is.
import { MultiBar, type SingleBar } from 'cli-progress'
import type { TaskEvent, TaskLogEvent } from '../client/task-events.js'
import { formatDuration } from '../config.js'
import { escapeControls } from '../log.js'
import type { Output } from './output.js'
import { errorText } from './story.js'

const RESULT_CHARS_MAX = 2_000
const BARS_MAX = 10
const MESSAGE_CHARS_MAX = 60

export class TaskView {
  readonly #output: Output
  /** There are several: each line says whose it is. */
  readonly #several: boolean
  /** While there are bars to be seen. */
  #bars: MultiBar | undefined
  readonly #barOf = new Map<string, SingleBar>()
  /** Of each task the last line that it said, as far as it has come. */
  readonly #begun = new Map<string, string>()

  constructor(output: Output, several: boolean) {
    this.#output = output
    this.#several = several
  }

  async show(event: TaskEvent): Promise<void> {
    switch (event.kind) {
      case 'log':
        return this.#said(event)
      case 'progress':
        if (this.#moved(event)) return
        return this.#line(event.id, progressText(event))
      case 'state':
        await this.#finishLine(event.id)
        this.#barGone(event.id)
        return this.#line(event.id, stateText(event))
      case 'ended':
        await this.#finishLine(event.id)
        this.#barGone(event.id)
        return this.#line(event.id, endText(event))
    }
  }

  /** It wipes what it has drawn, so that whatever comes now stands where it was. */
  stop(): void {
    // Lines that wait for the next drawing.
    this.#bars?.update()
    this.#bars?.stop()
    this.#bars = undefined
  }

  async #said({ id, text, skipped }: TaskLogEvent): Promise<void> {
    if (skipped !== undefined) await this.#line(id, `(${skipped} bytes are missing here)`)
    const lines = `${this.#begun.get(id) ?? ''}${text}`.split('\n')
    this.#begun.set(id, lines.pop() ?? '')
    for (const line of lines) await this.#line(id, `| ${line}`)
  }

  async #finishLine(id: string): Promise<void> {
    const begun = this.#begun.get(id) ?? ''
    this.#begun.delete(id)
    if (begun !== '') await this.#line(id, `| ${begun}`)
  }

  async #line(id: string, text: string): Promise<void> {
    const line = escapeControls(this.#several ? `${id} ${text}` : text)
    if (this.#bars === undefined) return this.#output.line(line)
    // Above the bars, which are drawn again below it.
    this.#bars.log(`${line}\n`)
  }

  /** @returns whether a bar shows it */
  #moved({ id, percent, message = '' }: Extract<TaskEvent, { kind: 'progress' }>): boolean {
    let bar = this.#barOf.get(id)
    if (bar === undefined && this.#output.isScreen && this.#barOf.size < BARS_MAX) {
      this.#bars ??= openBars()
      bar = this.#bars.create(100, 0)
    }
    if (bar === undefined) return false
    this.#barOf.set(id, bar)
    const words = escapeControls(message).slice(0, MESSAGE_CHARS_MAX)
    bar.update(percent, { message: words, name: this.#several ? `${id} ` : '' })
    return true
  }

  #barGone(id: string): void {
    const bar = this.#barOf.get(id)
    if (bar === undefined) return
    this.#barOf.delete(id)
    if (this.#barOf.size > 0) this.#bars?.remove(bar)
    else this.stop()
  }
}

function openBars(): MultiBar {
  return new MultiBar({
    stream: process.stdout,
    format: '{name}{bar} {percentage}% {message}',
    hideCursor: true,
    clearOnComplete: true,
    emptyOnZero: true,
  })
}

function progressText({ percent, message }: Extract<TaskEvent, { kind: 'progress' }>): string {
  const shown = `${Number(percent.toFixed(1))}%`
  return message === undefined ? shown : `${shown} ${message}`
}

function stateText({ state, attempt, worker, error, runAt }: Extract<TaskEvent, { kind: 'state' }>): string {
  if (state === 'running') return `running${worker === undefined ? '' : ` on ${worker}`}, attempt ${attempt}`
  if (error === undefined) return attempt === 0 ? 'pending' : `pending, after ${attempt} attempts`
  const waitMs = runAt === undefined ? 0 : Math.max(0, runAt - Date.now())
  const next = waitMs === 0 ? 'tried again' : `tried again in ${formatDuration(waitMs)}`
  return `attempt ${attempt} failed, ${next}: ${errorText(error)}`
}

function endText({ state, result, error }: Extract<TaskEvent, { kind: 'ended' }>): string {
  if (state !== 'completed') return error === undefined ? state : `${state}: ${errorText(error)}`
  if (result === undefined || result === 'null') return state
  if (result.length <= RESULT_CHARS_MAX) return `${state}: ${result}`
  return `${state}: ${result.slice(0, RESULT_CHARS_MAX)}... (${result.length} characters)`
}
