// The list of tasks: filtered, page by page, and many at once, with their number asked back.
import { ask, askTasks, Refused } from './api.js'
import { Component, h } from './preact.js'
import { Empty, Section, State } from './section.js'
import { clockOf, many, shortId, spanOf } from './words.js'

export interface Task {
  readonly id: string
  readonly type: string
  readonly queue: string
  readonly state: string
  readonly attempts: number
  readonly max_attempts: number | null
  readonly created_at: string
  readonly started_at: string | null
  readonly ended_at: string | null
  readonly worker_id: string | null
  readonly cancel_requested: boolean
  readonly description?: string
  readonly error?: { readonly code: string; readonly message: string }
}

export interface Confirm {
  readonly question: string
  readonly action: string
  readonly act: () => Promise<string>
}

interface Filter {
  readonly state: string
  readonly type: string
  readonly failure: string
  readonly id: string
}

interface TasksProps {
  readonly open: (task: string) => void
  readonly confirm: (confirm: Confirm) => void
  readonly types: readonly string[]
  readonly filter: { readonly failure: string; readonly n: number }
}

interface TasksState {
  readonly filter: Filter
  readonly list: readonly Task[]
  readonly more: boolean
  /** There may be more of them among older tasks, which were not looked at. */
  readonly further: boolean
  readonly problem: string | undefined
  readonly chosen: ReadonlySet<string>
}

const PAGE = 50
/** Of the API, that a filter is looked for in: each looks at ten thousand tasks. */
const PAGES = 3
const PAGES_FURTHER = 30
const AGAIN_MS = 2_000
const STATES = ['pending', 'running', 'completed', 'failed', 'cancelled']
const NONE: Filter = { state: '', type: '', failure: '', id: '' }

export class Tasks extends Component<TasksProps, TasksState> {
  override state: TasksState = {
    filter: NONE,
    list: [],
    more: false,
    further: false,
    problem: undefined,
    chosen: new Set(),
  }
  #timer: ReturnType<typeof setInterval> | undefined
  #limit = PAGE
  #pages = PAGES
  #loading = false
  #n = 0
  #look = new AbortController()

  override componentDidMount(): void {
    void this.#load()
    this.#timer = setInterval(() => {
      // What was far to find is not looked for again and again.
      if (!document.hidden && this.#pages === PAGES && !this.#loading) void this.#load()
    }, AGAIN_MS)
  }

  override componentWillUnmount(): void {
    clearInterval(this.#timer)
    this.#look.abort()
  }

  override componentDidUpdate(): void {
    const { failure, n } = this.props.filter
    if (n === this.#n) return
    this.#n = n
    this.#filter({ ...NONE, failure, state: 'failed' })
  }

  #filter(change: Partial<Filter>): void {
    this.#limit = PAGE
    this.#pages = PAGES
    this.setState(
      ({ filter }) => ({ filter: { ...filter, ...change }, chosen: new Set() }),
      () => void this.#load(),
    )
  }

  async #load(): Promise<void> {
    this.#look.abort()
    const look = new AbortController()
    this.#look = look
    this.#loading = true
    const { state, type, failure } = this.state.filter
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries({ state, type, failure })) if (value !== '') query.set(name, value)
    try {
      const options = { limit: this.#limit, pages: this.#pages, signal: look.signal }
      const { list, further } = await askTasks<Task>(query, options)
      const full = list.length === this.#limit
      this.setState({ list, more: full && this.#limit < 500, further: further && !full, problem: undefined })
    } catch (error) {
      if (!look.signal.aborted)
        this.setState({ problem: error instanceof Refused ? error.problem.detail : 'the gateway does not answer' })
    } finally {
      if (this.#look === look) this.#loading = false
    }
  }

  #choose(ids: readonly string[], on: boolean): void {
    this.setState(({ chosen }) => {
      const next = new Set(chosen)
      for (const id of ids) on ? next.add(id) : next.delete(id)
      return { chosen: next }
    })
  }

  #many(action: 'cancel' | 'retry'): void {
    const ids = [...this.state.chosen]
    const verb = action === 'cancel' ? 'Cancel' : 'Retry'
    this.props.confirm({
      question: `${verb} ${many(ids.length, 'task')}?`,
      action: `${verb} ${many(ids.length, 'task')}`,
      act: async () => {
        const outcomes = await ask<readonly { outcome: string }[]>(`/tasks/${action}`, { ids })
        this.setState({ chosen: new Set() })
        void this.#load()
        return sumOf(outcomes)
      },
    })
  }

  render({ open, types }: TasksProps, { filter, list, more, further, problem, chosen }: TasksState) {
    const shown =
      filter.id === '' ? list : list.filter(({ id, description = '' }) => `${id} ${description}`.includes(filter.id))
    const all = shown.length > 0 && shown.every(({ id }) => chosen.has(id))
    return (
      <Section id="tasks" title="Tasks" note="the newest first">
        <form
          class="filter"
          onSubmit={(event: Event) => {
            event.preventDefault()
            if (/^[\w.-]{20,64}$/.test(filter.id)) open(filter.id)
          }}
        >
          <label>
            state{' '}
            <select value={filter.state} onChange={(event) => this.#filter({ state: event.currentTarget.value })}>
              <option value="">all</option>
              {STATES.map((state) => (
                <option value={state}>{state}</option>
              ))}
            </select>
          </label>
          <label>
            type{' '}
            <select value={filter.type} onChange={(event) => this.#filter({ type: event.currentTarget.value })}>
              <option value="">all</option>
              {types.map((type) => (
                <option value={type}>{type}</option>
              ))}
            </select>
          </label>
          <label>
            id or text{' '}
            <input
              value={filter.id}
              size={24}
              spellcheck={false}
              onInput={(event) => this.setState({ filter: { ...filter, id: event.currentTarget.value.trim() } })}
            />
          </label>
          {filter.failure !== '' && (
            <button type="button" onClick={() => this.#filter({ failure: '' })}>
              one failure ✕
            </button>
          )}
          <span class="bulk">
            <button type="button" disabled={chosen.size === 0} onClick={() => this.#many('cancel')}>
              Cancel{chosen.size > 0 ? ` ${chosen.size}` : ''}…
            </button>{' '}
            <button type="button" disabled={chosen.size === 0} onClick={() => this.#many('retry')}>
              Retry{chosen.size > 0 ? ` ${chosen.size}` : ''}…
            </button>
          </span>
        </form>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {shown.length === 0 && (
          <Empty>{further ? 'None of the newest tasks is like that.' : 'No task is like that.'}</Empty>
        )}
        {shown.length > 0 && (
          <div class="scroll" tabIndex={0} role="region" aria-label="Tasks, as a table">
            <table>
              <thead>
                <tr>
                  <th scope="col">
                    <input
                      type="checkbox"
                      aria-label="choose all that are shown"
                      checked={all}
                      onChange={() =>
                        this.#choose(
                          shown.map(({ id }) => id),
                          !all,
                        )
                      }
                    />
                  </th>
                  <th scope="col">task</th>
                  <th scope="col">type</th>
                  <th scope="col">state</th>
                  <th scope="col" class="number">
                    attempts
                  </th>
                  <th scope="col">worker</th>
                  <th scope="col">submitted</th>
                  <th scope="col" class="number">
                    ran
                  </th>
                  <th scope="col">what for, or what went wrong</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((task) => (
                  <TaskRow
                    key={task.id}
                    task={task}
                    chosen={chosen.has(task.id)}
                    choose={(on) => this.#choose([task.id], on)}
                    open={open}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
        {further && (
          <p>
            <button
              type="button"
              onClick={() => {
                this.#pages += PAGES_FURTHER
                void this.#load()
              }}
            >
              Look further back
            </button>
          </p>
        )}
        {more && (
          <p>
            <button
              type="button"
              onClick={() => {
                this.#limit = Math.min(500, this.#limit + 150)
                void this.#load()
              }}
            >
              Show more
            </button>
          </p>
        )}
      </Section>
    )
  }
}

interface RowProps {
  readonly key: string
  readonly task: Task
  readonly chosen: boolean
  readonly choose: (on: boolean) => void
  readonly open: (task: string) => void
}

function TaskRow({ task, chosen, choose, open }: RowProps) {
  const {
    id,
    type,
    state,
    attempts,
    max_attempts: most,
    worker_id: worker,
    created_at: at,
    started_at: from,
    ended_at: to,
  } = task
  const ran =
    from === null || state === 'pending'
      ? ''
      : spanOf(Math.max(0, (to === null ? Date.now() : Date.parse(to)) - Date.parse(from)))
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={`choose ${shortId(id)}`}
          checked={chosen}
          onChange={(event) => choose(event.currentTarget.checked)}
        />
      </td>
      <td>
        <button type="button" class="link mono" onClick={() => open(id)} title={id}>
          {shortId(id)}
        </button>
      </td>
      <td class="long">{type}</td>
      <td>
        <State state={task.cancel_requested && state === 'running' ? 'cancelling' : state} />
      </td>
      <td class="number">
        {attempts}
        {most === null ? '' : `/${most}`}
      </td>
      <td class="long">{worker}</td>
      <td>{clockOf(at)}</td>
      <td class="number">{ran}</td>
      <td class="long wide">{task.error?.message ?? task.description}</td>
    </tr>
  )
}

export function sumOf(outcomes: readonly { readonly outcome: string }[]): string {
  const counts = new Map<string, number>()
  for (const { outcome } of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
}
