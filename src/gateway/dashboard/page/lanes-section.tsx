// The lanes, and in words what they show: for who does not see them, and for who wonders.
import type { Cluster } from './cluster.js'
import { barAt, drawLanes, type Look } from './draw-lanes.js'
import type { Bar, Moved } from './lanes.js'
import { Fragment, h } from './preact.js'
import { Empty, Section } from './section.js'
import { clockOf, many, shortId, spanOf } from './words.js'

const SPANS = [30, 60, 120, 300] as const
const STILL_MS = 1_000
const MOVES_SHOWN = 4
const BARS_SHOWN = 6

export class LanesView {
  spanMs = 30_000
  #canvas: HTMLCanvasElement | undefined
  #tip: HTMLElement | undefined
  #drawnAt = 0

  constructor(
    private readonly cluster: Cluster,
    private readonly open: (task: string) => void,
  ) {
    const still = matchMedia('(prefers-reduced-motion: reduce)')
    const draw = (): void => {
      requestAnimationFrame(draw)
      // Without motion a picture a second; else as smooth as a lane is slow.
      const everyMs = still.matches ? STILL_MS : Math.max(40, this.spanMs / 1_500)
      if (performance.now() - this.#drawnAt < everyMs || this.#canvas === undefined || document.hidden) return
      this.#drawnAt = performance.now()
      drawLanes(this.#canvas, cluster.lanes, this.#look())
    }
    draw()
  }

  #look(): Look {
    const width = this.#canvas?.parentElement?.clientWidth ?? 800
    return { width, now: this.cluster.now(), spanMs: this.spanMs, still: false }
  }

  readonly mount = (canvas: HTMLCanvasElement | null): void => {
    this.#canvas = canvas ?? undefined
    this.#drawnAt = 0
  }

  readonly mountTip = (tip: HTMLElement | null): void => {
    this.#tip = tip ?? undefined
  }

  readonly point = (event: MouseEvent): void => {
    const bar = barAt(this.cluster.lanes, this.#look(), event.offsetX, event.offsetY)
    if (this.#canvas !== undefined) this.#canvas.style.cursor = bar?.task ? 'pointer' : ''
    if (this.#tip === undefined) return
    this.#tip.hidden = bar === undefined
    if (bar === undefined) return
    this.#tip.textContent = this.#say(bar)
    const right = event.offsetX > this.#look().width / 2
    this.#tip.style.left = right ? '' : `${event.offsetX + 14}px`
    this.#tip.style.right = right ? `${this.#look().width - event.offsetX + 14}px` : ''
    this.#tip.style.top = `${event.offsetY + 14}px`
  }

  readonly leave = (): void => {
    if (this.#tip !== undefined) this.#tip.hidden = true
  }

  readonly press = (event: MouseEvent): void => {
    const bar = barAt(this.cluster.lanes, this.#look(), event.offsetX, event.offsetY)
    if (bar?.task) this.open(bar.task)
  }

  #say({ type, task, attempt, from, to, how, why, after, next }: Bar): string {
    const lasted = spanOf((to ?? this.cluster.now()) - from)
    const ended = how === undefined ? 'runs' : how === 'lost' ? 'was cut off' : how === 'unseen' ? 'ended' : how
    const moved = after === undefined ? '' : `, went on from ${this.cluster.nameOf(after.worker)}`
    const on = next === undefined ? '' : `, went on at ${this.cluster.nameOf(next.worker)}`
    return `${type || 'task'} ${shortId(task)}, attempt ${attempt}: ${ended}, ${lasted}${moved}${on}${why === undefined ? '' : ` (${why})`}`
  }

  render() {
    const { lanes } = this.cluster
    const moved = lanes.moved().slice(0, MOVES_SHOWN)
    const spans = SPANS.map((seconds) => (
      <button
        type="button"
        aria-pressed={this.spanMs === seconds * 1_000}
        onClick={() => {
          this.spanMs = seconds * 1_000
        }}
      >
        {seconds < 60 ? `${seconds} s` : `${seconds / 60} min`}
      </button>
    ))
    return (
      <Section
        id="lanes"
        title="Lanes"
        note={
          <Fragment>
            <Legend />
            <span class="spans" role="group" aria-label="How much time the lanes show">
              {spans}
            </span>
          </Fragment>
        }
      >
        <div class="lanes">
          <canvas
            ref={this.mount}
            role="img"
            aria-label="What ran on each slot of each worker lately; the list below tells what was cut off and where it went"
            onMouseMove={this.point}
            onMouseLeave={this.leave}
            onClick={this.press}
          />
          <div class="tip" ref={this.mountTip} hidden />
        </div>
        <div class="moves" aria-live="polite">
          {moved.map((each) => (
            <Move moved={each} cluster={this.cluster} open={this.open} />
          ))}
          {lanes.lives.size === 0 && <Empty>No worker has been seen yet. `dtr worker` starts one.</Empty>}
        </div>
      </Section>
    )
  }
}

function Legend() {
  const words = [
    ['running', 'runs'],
    ['completed', 'completed'],
    ['moved', 'went on elsewhere'],
    ['retried', 'failed, tries again'],
    ['failed', 'failed'],
    ['lost', 'cut off'],
  ] as const
  return (
    <ul class="legend">
      {words.map(([kind, word]) => (
        <li>
          <i class={kind} aria-hidden="true" />
          {word}
        </li>
      ))}
    </ul>
  )
}

function Move({ moved, cluster, open }: { moved: Moved; cluster: Cluster; open: (task: string) => void }) {
  const { bars } = moved
  const on = bars.filter(({ next }) => next !== undefined)
  const rest = bars.length - on.length
  const longest = Math.max(0, ...on.map((bar) => bar.next!.from - bar.to!))
  return (
    <div class="move">
      <p>
        <time>{clockOf(moved.at)}</time> <b>{cluster.nameOf(moved.worker)} died</b> with {many(bars.length, 'task')}.{' '}
        {on.length > 0 &&
          `${on.length === bars.length ? (bars.length === 1 ? 'It' : 'All') : on.length} went on elsewhere after at most ${spanOf(longest)}. `}
        {rest > 0 && `${rest} ${rest === 1 ? 'waits' : 'wait'} for a free slot.`}
      </p>
      <ul>
        {bars.slice(0, BARS_SHOWN).map((bar) => (
          <li>
            <button type="button" class="link" onClick={() => open(bar.task)} disabled={bar.task === ''}>
              {bar.type || 'task'} {shortId(bar.task)}
            </button>{' '}
            {bar.next === undefined
              ? 'waits'
              : `→ ${cluster.nameOf(bar.next.worker)} after ${spanOf(bar.next.from - bar.to!)}`}
            {bar.next?.how === 'completed' && ', completed'}
          </li>
        ))}
        {bars.length > BARS_SHOWN && <li>and {bars.length - BARS_SHOWN} more</li>}
      </ul>
    </div>
  )
}
