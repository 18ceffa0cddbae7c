// One task: its story as a timeline of attempts, what it carries as text, and while it runs what it does.
import { ask, follow, Refused } from './api.js'
import { Component, h } from './preact.js'
import { State } from './section.js'
import type { Confirm, Task as Summary } from './tasks.js'
import { clockOf, spanOf } from './words.js'

interface Attempt {
  readonly attempt: number
  readonly worker_id: string
  readonly started_at: string
  readonly ended_at: string
  readonly outcome: string
  readonly charged: boolean
  readonly error?: { readonly code: string; readonly message: string; readonly stack?: string }
}

interface Whole extends Summary {
  readonly payload?: unknown
  readonly result?: unknown
  readonly meta?: unknown
  readonly run_at: string | null
  readonly progress?: { readonly percent: number; readonly message?: string }
  readonly attempts_before?: readonly Attempt[]
  readonly error?: Attempt['error'] & { readonly code: string; readonly message: string }
}

interface TaskProps {
  readonly id: string
  readonly close: () => void
  readonly confirm: (confirm: Confirm) => void
}

interface TaskState {
  readonly task: Whole | undefined
  readonly problem: string | undefined
  readonly said: string | undefined
  readonly progress: Whole['progress'] | undefined
  readonly log: string
}

const LOG_CHARS_MAX = 64 * 1024
const AGAIN_MS = 1_000
const OPEN = ['pending', 'running']

export class TaskDialog extends Component<TaskProps, TaskState> {
  override state: TaskState = { task: undefined, problem: undefined, said: undefined, progress: undefined, log: '' }
  readonly #leave = new AbortController()
  #timer: ReturnType<typeof setInterval> | undefined

  override componentDidMount(): void {
    void this.#load()
    void this.#follow()
    this.#timer = setInterval(() => {
      const { task } = this.state
      if (!document.hidden && (task === undefined || OPEN.includes(task.state))) void this.#load()
    }, AGAIN_MS)
  }

  override componentWillUnmount(): void {
    clearInterval(this.#timer)
    this.#leave.abort()
  }

  async #load(): Promise<void> {
    try {
      this.setState({ task: await ask<Whole>(`/tasks/${this.props.id}/story`), problem: undefined })
    } catch (error) {
      this.setState({ problem: error instanceof Refused ? error.problem.detail : 'the gateway does not answer' })
    }
  }

  async #follow(): Promise<void> {
    const tell = ({ event, data }: { event: string; data: unknown }): void => {
      if (event === 'log') {
        const { text } = data as { text: string }
        this.setState(({ log }) => ({ log: (log + text).slice(-LOG_CHARS_MAX) }))
      } else if (event === 'progress') this.setState({ progress: data as Whole['progress'] })
      else void this.#load()
    }
    await follow(`/tasks/${this.props.id}/events`, tell, this.#leave.signal, { again: false }).catch(() => {})
  }

  #act(action: 'cancel' | 'retry'): void {
    this.props.confirm({
      question: action === 'cancel' ? 'Cancel this task?' : 'Run this task again?',
      action: action === 'cancel' ? 'Cancel it' : 'Retry it',
      act: async () => {
        const { outcome } = await ask<{ outcome: string }>(`/tasks/${this.props.id}/${action}`, {})
        void this.#load()
        if (action === 'retry') void this.#follow()
        return outcome
      },
    })
  }

  render({ id, close }: TaskProps, { task, problem, progress, log }: TaskState) {
    const open = task !== undefined && OPEN.includes(task.state)
    const now = progress ?? task?.progress
    return (
      <dialog
        class="task"
        aria-labelledby="task-title"
        onClose={close}
        ref={(dialog: HTMLDialogElement | null) => {
          if (dialog !== null && !dialog.open) dialog.showModal()
        }}
      >
        <header>
          <h2 id="task-title">
            {task?.type ?? 'Task'}{' '}
            {task !== undefined && (
              <State state={task.cancel_requested && task.state === 'running' ? 'cancelling' : task.state} />
            )}
          </h2>
          <form method="dialog">
            <button type="submit" aria-label="Close">
              ✕
            </button>
          </form>
        </header>
        <p class="mono">{id}</p>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {task?.description !== undefined && <p>{task.description}</p>}
        {task?.state === 'running' && now !== undefined && (
          <p>
            <progress max={100} value={now.percent} aria-label="how far it is" /> {Math.round(now.percent)} %{' '}
            {now.message}
          </p>
        )}
        {task !== undefined && <Timeline task={task} />}
        {task?.error?.stack !== undefined && <Folded name="error" text={task.error.stack} />}
        {log !== '' && <Folded name="log" text={log} open />}
        {task !== undefined && 'payload' in task && <Folded name="payload" text={textOf(task.payload)} />}
        {task?.result !== undefined && <Folded name="result" text={textOf(task.result)} open />}
        {task?.meta !== undefined && <Folded name="meta" text={textOf(task.meta)} />}
        {task !== undefined && (
          <p class="actions">
            <button type="button" disabled={!open} onClick={() => this.#act('cancel')}>
              Cancel…
            </button>{' '}
            <button
              type="button"
              disabled={task.state !== 'failed' && task.state !== 'cancelled'}
              onClick={() => this.#act('retry')}
            >
              Retry…
            </button>
          </p>
        )}
      </dialog>
    )
  }
}

/** What it carries is text, whatever it is. */
function Folded({ name, text, open = false }: { name: string; text: string; open?: boolean }) {
  return (
    <details open={open}>
      <summary>{name}</summary>
      <pre tabIndex={0}>{text}</pre>
    </details>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)
}

interface Row {
  readonly name: string
  readonly who: string
  readonly from: number
  readonly to: number
  readonly how: string
  readonly why?: string | undefined
}

function Timeline({ task }: { task: Whole }) {
  const begin = Date.parse(task.created_at)
  const rows: Row[] = (task.attempts_before ?? []).map(
    ({ attempt, worker_id, started_at, ended_at, outcome, charged, error }) => ({
      name: `attempt ${attempt}`,
      who: worker_id,
      from: Date.parse(started_at),
      to: Date.parse(ended_at),
      how: outcome,
      why: `${error?.message ?? ''}${charged ? '' : ' (not charged)'}`.trim(),
    }),
  )
  const last = task.started_at === null ? undefined : Date.parse(task.started_at)
  if (last !== undefined && task.worker_id !== null && (task.state === 'running' || task.state === 'completed')) {
    const to = task.ended_at === null ? Date.now() : Date.parse(task.ended_at)
    rows.push({
      name: `attempt ${(task.attempts_before?.at(-1)?.attempt ?? 0) + 1}`,
      who: task.worker_id,
      from: last,
      to: Math.max(to, last),
      how: task.state,
    })
  }
  const end = Math.max(begin + 1, ...rows.map(({ to }) => to))
  const place = (at: number): number => (100 * (Math.max(at, begin) - begin)) / (end - begin)
  return (
    <div class="timeline">
      <p>
        submitted at {clockOf(begin)}
        {task.ended_at !== null && `, ${task.state} ${spanOf(Date.parse(task.ended_at) - begin)} later`}
        {task.state === 'pending' &&
          task.run_at !== null &&
          Date.parse(task.run_at) > Date.now() &&
          `, runs at ${clockOf(task.run_at)}`}
      </p>
      <ol>
        {rows.map(({ name, who, from, to, how, why }) => (
          <li>
            <span class="what">
              <b>{name}</b> {who}
            </span>
            <span class="track" aria-hidden="true">
              <i class={how} style={{ left: `${place(from)}%`, width: `${Math.max(0.6, place(to) - place(from))}%` }} />
            </span>
            <span class="how">
              {how} after {spanOf(to - from)}
              {why ? `: ${why}` : ''}
            </span>
          </li>
        ))}
      </ol>
    </div>
  )
}
