// The page: one look at the cluster, drawn again as it changes.
import { ask, askTasks, keyOf, Refused, useKey } from './api.js'
import { Charts } from './charts.js'
import { Cluster, type FailureGroup } from './cluster.js'
import { LanesView } from './lanes-section.js'
import { Backlog, Failures, Figures, Leaderboard, Workers } from './overview.js'
import { Component, Fragment, h, render } from './preact.js'
import { TaskDialog } from './task.js'
import { type Confirm, sumOf, type Task, Tasks } from './tasks.js'
import { many, spanOf } from './words.js'

interface PageState {
  readonly n: number
  readonly task: string | undefined
  readonly confirm: Confirm | undefined
  readonly said: string
  readonly filter: { readonly failure: string; readonly n: number }
  readonly keyOpen: boolean
}

const DRAW_MS = 250
const SECTIONS = ['lanes', 'charts', 'tasks', 'workers', 'failures']

class Page extends Component<Record<string, never>, PageState> {
  override state: PageState = {
    n: 0,
    task: taskOfHash(),
    confirm: undefined,
    said: '',
    filter: { failure: '', n: 0 },
    keyOpen: false,
  }
  #due = false
  readonly #cluster = new Cluster(() => this.#changed())
  readonly #open = (task: string): void => {
    location.hash = `task=${task}`
  }
  readonly #lanes = new LanesView(this.#cluster, this.#open)

  override componentDidMount(): void {
    this.#cluster.start()
    addEventListener('hashchange', () => this.setState({ task: taskOfHash() }))
  }

  /** However much comes, it is drawn a few times a second. */
  #changed(): void {
    if (this.#due) return
    this.#due = true
    setTimeout(() => {
      this.#due = false
      this.setState(({ n }) => ({ n: n + 1 }))
    }, DRAW_MS)
  }

  async #retryAll({ key, message }: FailureGroup): Promise<void> {
    const query = new URLSearchParams({ state: 'failed', failure: key })
    const { list } = await askTasks<Task>(query, { limit: 500, pages: 20 })
    const ids = list.map(({ id }) => id)
    this.setState({
      confirm: {
        question: `Retry ${many(ids.length, 'task')} that failed with “${message.slice(0, 80)}”?`,
        action: `Retry ${many(ids.length, 'task')}`,
        act: async () => sumOf(await ask<readonly { outcome: string }[]>('/tasks/retry', { ids })),
      },
    })
  }

  async #confirmed({ act }: Confirm): Promise<void> {
    const said = await act().catch((error) =>
      error instanceof Refused ? `refused: ${error.problem.detail}` : 'the gateway does not answer',
    )
    this.setState({ said })
  }

  render(_props: Record<string, never>, { task, confirm, said, filter, keyOpen }: PageState) {
    const cluster = this.#cluster
    const { word, kind, why } = cluster.health()
    const types = [...new Set((cluster.status?.counts ?? []).map(({ type }) => type))].sort()
    const { master } = cluster.status ?? {}
    const setConfirm = (next: Confirm): void => this.setState({ confirm: next })
    return (
      <Fragment>
        <a class="skip" href="#main">
          To the content
        </a>
        <header class="top">
          <h1>dtr</h1>
          <p class={`health ${kind}`} role="status">
            <b>{word}</b> <span>{why}</span>
          </p>
          <nav aria-label="Sections">
            {SECTIONS.map((section) => (
              <a href={`#${section}`}>{section === 'charts' ? 'over time' : section}</a>
            ))}
            <button
              type="button"
              onClick={() => this.setState({ keyOpen: !keyOpen })}
              aria-expanded={keyOpen || cluster.needsKey}
            >
              key
            </button>
          </nav>
        </header>
        <main id="main" tabIndex={-1}>
          {(keyOpen || cluster.needsKey) && (
            <KeyForm
              needed={cluster.needsKey}
              use={(key) => {
                useKey(key)
                this.setState({ keyOpen: false })
                cluster.start()
              }}
            />
          )}
          {cluster.noFeed !== undefined && (
            <p class="aside" role="status">
              {cluster.noFeed[0]?.toUpperCase()}
              {cluster.noFeed.slice(1)}. So this page shows tasks of these types alone, and asks for them once a second:
              on the lanes attempts that are over sooner may be missing.
            </p>
          )}
          <Figures cluster={cluster} />
          {this.#lanes.render()}
          <Charts cluster={cluster} />
          <div class="two">
            <Backlog cluster={cluster} />
            <Leaderboard workers={cluster.workers} voters={cluster.voters} />
          </div>
          <Failures
            cluster={cluster}
            open={this.#open}
            filter={(failure) => {
              this.setState({ filter: { failure, n: filter.n + 1 } })
              document.getElementById('tasks')?.scrollIntoView()
            }}
            retry={(group) => void this.#retryAll(group)}
          />
          <Workers workers={cluster.workers} />
          {!cluster.needsKey && <Tasks open={this.#open} confirm={setConfirm} types={types} filter={filter} />}
        </main>
        <footer>
          {master !== undefined && `master ${master.version} at ${master.address}, up ${spanOf(master.up_ms)} · `}
          <a href="/docs">the API</a>
        </footer>
        {task !== undefined && !cluster.needsKey && (
          <TaskDialog
            key={task}
            id={task}
            confirm={setConfirm}
            close={() =>
              history.replaceState(null, '', location.pathname) === undefined && this.setState({ task: undefined })
            }
          />
        )}
        {confirm !== undefined && (
          <dialog
            class="confirm"
            aria-labelledby="confirm-title"
            onClose={(event) => {
              const { returnValue } = event.currentTarget
              this.setState({ confirm: undefined })
              if (returnValue === 'yes') void this.#confirmed(confirm)
            }}
            ref={(dialog: HTMLDialogElement | null) => {
              if (dialog !== null && !dialog.open) dialog.showModal()
            }}
          >
            <form method="dialog">
              <h2 id="confirm-title">{confirm.question}</h2>
              <p class="actions">
                <button type="submit" value="no">
                  Leave it
                </button>{' '}
                <button type="submit" value="yes" class="main">
                  {confirm.action}
                </button>
              </p>
            </form>
          </dialog>
        )}
        <p class={`said ${said === '' ? 'none' : ''}`} role="status">
          {said}{' '}
          {said !== '' && (
            <button type="button" aria-label="Close" onClick={() => this.setState({ said: '' })}>
              ✕
            </button>
          )}
        </p>
      </Fragment>
    )
  }
}

function KeyForm({ needed, use }: { needed: boolean; use: (key: string) => void }) {
  return (
    <form
      class="key"
      onSubmit={(event) => {
        event.preventDefault()
        use(String(new FormData(event.currentTarget).get('key') ?? '').trim())
      }}
    >
      <label>
        {needed ? 'This gateway asks for a key. ' : ''}Key{' '}
        <input name="key" type="password" autocomplete="off" value={keyOf()} size={40} />
      </label>{' '}
      <button type="submit">Use it</button>
      <small>`dtr key create --role read` makes one. It stays in this tab.</small>
    </form>
  )
}

function taskOfHash(): string | undefined {
  return /^#task=([\w.-]{1,64})$/.exec(location.hash)?.[1]
}

render(<Page />, document.getElementById('page')!)
