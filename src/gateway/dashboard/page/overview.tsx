// The cluster at a glance: its health, its figures, what waits, its workers, its leaderboard, what fails.

import { ask } from './api.js'
import type { Cluster, FailureGroup, Voter, Worker } from './cluster.js'
import { Component, Fragment, h } from './preact.js'
import { Empty, Section, State } from './section.js'
import { bytesOf, clockOf, countOf, many, rateOf, shortId, spanOf } from './words.js'

const STATES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const
const TYPES_SHOWN = 12
const WORKERS_SHOWN = 50

export function Figures({ cluster }: { cluster: Cluster }) {
  const counts = new Map<string, number>()
  for (const { state, count } of cluster.status?.counts ?? []) counts.set(state, (counts.get(state) ?? 0) + count)
  const there = cluster.workers.filter(({ state }) => state !== 'lost' && state !== 'offline')
  const slots = there.reduce((sum, worker) => sum + worker.slots, 0)
  const busy = there.reduce((sum, worker) => sum + Math.min(worker.running, worker.slots), 0)
  const figures = [
    ['tasks / s', rateOf(cluster.rate)],
    ['pending', countOf(counts.get('pending') ?? 0)],
    ['running', countOf(counts.get('running') ?? 0)],
    ['completed', countOf(counts.get('completed') ?? 0)],
    ['failed', countOf(counts.get('failed') ?? 0)],
    ['workers', countOf(there.length)],
    ['slots busy', `${countOf(busy)} / ${countOf(slots)}`],
  ] as const
  return (
    <dl class="figures">
      {figures.map(([name, figure]) => (
        <div>
          <dt>{name}</dt>
          <dd>{figure}</dd>
        </div>
      ))}
    </dl>
  )
}

export function Backlog({ cluster }: { cluster: Cluster }) {
  const types = new Map<string, Map<string, number>>()
  for (const { type, state, count } of cluster.status?.counts ?? []) {
    const states = types.get(type) ?? new Map<string, number>()
    types.set(type, states.set(state, (states.get(state) ?? 0) + count))
  }
  const open = (states: Map<string, number>): number => (states.get('pending') ?? 0) + (states.get('running') ?? 0)
  const rows = [...types].sort(([one, ones], [other, others]) => open(others) - open(ones) || one.localeCompare(other))
  const unserved = new Set(cluster.status?.unserved ?? [])
  return (
    <Section id="backlog" title="Tasks by type">
      {rows.length === 0 && <Empty>No tasks yet. `dtr submit echo '"hello"'` gives one.</Empty>}
      {rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Tasks by type, as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">type</th>
                {STATES.map((state) => (
                  <th scope="col" class="number">
                    {state}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, TYPES_SHOWN).map(([type, states]) => (
                <tr>
                  <th scope="row" class="long">
                    {type} {unserved.has(type) && <em>nobody serves it</em>}
                  </th>
                  {STATES.map((state) => (
                    <td class={`number ${states.get(state) ? '' : 'zero'}`}>{countOf(states.get(state) ?? 0)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > TYPES_SHOWN && <p class="empty">and {many(rows.length - TYPES_SHOWN, 'more type')}</p>}
    </Section>
  )
}

export function Workers({ workers }: { workers: readonly Worker[] }) {
  const shown = [...workers].sort((one, other) => one.worker_id.localeCompare(other.worker_id, 'en', { numeric: true }))
  return (
    <Section
      id="workers"
      title="Workers"
      note={workers.length > WORKERS_SHOWN ? `the first ${WORKERS_SHOWN} of ${countOf(workers.length)}` : undefined}
    >
      {shown.length === 0 && <Empty>No worker is known. `dtr worker` starts one.</Empty>}
      {shown.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Workers, as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">name</th>
                <th scope="col">state</th>
                <th scope="col">slots</th>
                <th scope="col" class="number">
                  completed
                </th>
                <th scope="col" class="number">
                  failed
                </th>
                <th scope="col" class="number">
                  memory
                </th>
                <th scope="col" class="number">
                  heard
                </th>
                <th scope="col">types</th>
                <th scope="col">host</th>
                <th scope="col">version</th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, WORKERS_SHOWN).map((worker) => (
                <WorkerRow key={worker.incarnation ?? worker.worker_id} worker={worker} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  )
}

function WorkerRow({ worker }: { key: string; worker: Worker }) {
  const {
    worker_id: name,
    state,
    slots,
    running,
    completed,
    failed,
    heard_ms_ago: heard,
    memory_bytes: memory,
    types,
    hostname,
    pid,
    version,
    labels,
    kind,
    model,
    quarantined,
  } = worker
  const said = Object.entries(labels).map(([label, value]) => `${label}=${value}`)
  return (
    <tr>
      <th scope="row" class="long">
        {name} {kind === 'pull' && <small>over HTTP</small>}
        {model !== null && <small> {model}</small>}
        {said.length > 0 && <small> {said.join(' ')}</small>}
      </th>
      <td>
        <State state={state} />
        {quarantined !== null && <small> quarantined: {quarantined}</small>}
      </td>
      <td>
        <meter
          min={0}
          max={Math.max(1, slots)}
          value={Math.min(running, slots)}
          aria-label={`${running} of ${slots} slots run`}
        />{' '}
        {running}/{slots}
      </td>
      <td class="number">{countOf(completed)}</td>
      <td class={`number ${failed ? '' : 'zero'}`}>{countOf(failed)}</td>
      <td class="number">{memory === null ? '' : bytesOf(memory)}</td>
      <td class="number">{spanOf(heard)} ago</td>
      <td class="long">{types.length === 0 ? 'every type' : types.join(', ')}</td>
      <td>{hostname === null ? '' : `${hostname}${pid === null ? '' : ` · ${pid}`}`}</td>
      <td>{version}</td>
    </tr>
  )
}

interface Standings {
  readonly workers: readonly Worker[]
  readonly voters: readonly Voter[]
}

/** Of votes, as soon as there are some. */
export function Leaderboard({ workers, voters }: Standings) {
  const points = new Map(voters.map(({ worker_id, points }) => [worker_id, points]))
  const said = new Map(voters.map(({ worker_id, ...voter }) => [worker_id, worthOf(voter)]))
  for (const { worker_id: name, completed } of voters.length > 0 ? [] : workers)
    points.set(name, (points.get(name) ?? 0) + completed)
  const rows = [...points]
    .sort(([one, more], [other, fewer]) => fewer - more || one.localeCompare(other, 'en', { numeric: true }))
    .slice(0, 10)
  const most = Math.max(1, ...rows.map(([, count]) => count))
  return (
    <Section
      id="leaderboard"
      title="Leaderboard"
      note={voters.length > 0 ? 'a point for each vote that was agreed on' : 'a point for each accepted result'}
    >
      {rows.length === 0 && <Empty>Nobody has a point yet.</Empty>}
      <ol class="board">
        {rows.map(([name, count]) => (
          <li>
            <span class="long">
              {name} <small>{said.get(name)}</small>
            </span>
            <meter min={0} max={most} value={count} aria-hidden="true" />
            <b>{countOf(count)}</b>
          </li>
        ))}
      </ol>
    </Section>
  )
}

function worthOf({ accuracy, quarantined }: Pick<Voter, 'accuracy' | 'quarantined'>): string {
  if (quarantined !== null) return `quarantined: ${quarantined}`
  return accuracy === null ? '' : `${(100 * accuracy).toFixed(0)} % right`
}

interface FailureProps {
  readonly cluster: Cluster
  readonly open: (task: string) => void
  readonly filter: (failure: string) => void
  readonly retry: (group: FailureGroup) => void
}

interface From {
  readonly worker: string
  readonly version: string
}

/** Where each came from is told by its examples. */
export class Failures extends Component<FailureProps, { from: ReadonlyMap<string, readonly From[]> }> {
  override state = { from: new Map<string, readonly From[]>() as ReadonlyMap<string, readonly From[]> }
  readonly #asked = new Set<string>()

  async #ask({ key, examples }: FailureGroup): Promise<void> {
    if (this.#asked.has(key)) return
    this.#asked.add(key)
    const stories = await Promise.all(
      examples.map((id) =>
        ask<{ attempts_before?: { worker_id: string }[]; worker_id: string | null }>(`/tasks/${id}/story`).catch(
          () => undefined,
        ),
      ),
    )
    const names = new Set(
      stories.flatMap((story) => [
        ...(story?.attempts_before ?? []).map(({ worker_id }) => worker_id),
        ...(story?.worker_id ? [story.worker_id] : []),
      ]),
    )
    const versions = new Map(this.props.cluster.workers.map(({ worker_id, version }) => [worker_id, version ?? '']))
    const from = [...names].map((worker) => ({ worker, version: versions.get(worker) ?? '' }))
    this.setState(({ from: known }) => ({ from: new Map(known).set(key, from) }))
  }

  render({ cluster, open, filter, retry }: FailureProps) {
    const groups = cluster.failures.slice(0, 20)
    return (
      <Section
        id="failures"
        title="Failures"
        note={
          groups.length > 0
            ? `${many(
                cluster.failures.reduce((sum, { count }) => sum + count, 0),
                'failed task',
              )} by what ended them`
            : undefined
        }
      >
        {groups.length === 0 && <Empty>Nothing has failed.</Empty>}
        <ul class="failures">
          {groups.map((group) => (
            <li>
              <details onToggle={() => void this.#ask(group)}>
                <summary>
                  <b class="number">{countOf(group.count)}</b> <span class="type">{group.type}</span>{' '}
                  <code>{group.code}</code> <span class="message">{group.message}</span>
                </summary>
                <div class="more">
                  <p>
                    last at {clockOf(group.last_at)}; from{' '}
                    {this.state.from
                      .get(group.key)
                      ?.map(({ worker, version }) => `${worker}${version === '' ? '' : ` (${version})`}`)
                      .join(', ') || '…'}
                  </p>
                  <p>
                    {group.examples.map((id) => (
                      <Fragment>
                        <button type="button" class="link" onClick={() => open(id)}>
                          {shortId(id)}
                        </button>{' '}
                      </Fragment>
                    ))}
                  </p>
                  <p>
                    <button type="button" onClick={() => filter(group.key)}>
                      Show all
                    </button>{' '}
                    <button type="button" onClick={() => retry(group)}>
                      Retry…
                    </button>
                  </p>
                </div>
              </details>
            </li>
          ))}
        </ul>
      </Section>
    )
  }
}
