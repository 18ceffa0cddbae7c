// What ran where and when, from the feed of the cluster: bars on lanes, one for each slot of each worker. Pure.
//
// What always holds: a bar has one lane, and no two that run at a time share one; what is older than what is shown is forgotten.

export type How = 'completed' | 'failed' | 'retried' | 'cancelled' | 'returned' | 'lost' | 'unseen'

export interface Bar {
  readonly lease: string
  task: string
  type: string
  attempt: number
  readonly worker: string
  /** One beyond the slots while the attempt before it is not told to have ended. */
  lane: number
  readonly from: number
  to?: number
  how?: How
  why?: string
  /** Of an attempt that was cut off: where its task went on. */
  next?: Bar
  /** It goes on with a task that was cut off there. */
  after?: Bar
}

export interface Entry {
  readonly at: string
  readonly what: 'began' | Exclude<How, 'unseen'>
  readonly task_id: string | null
  readonly lease_id: string
  readonly worker_id: string
  readonly incarnation: string
  readonly type?: string
  readonly attempt?: number
  readonly message?: string
}

/** A task that runs, as a list has it. */
export interface Runs {
  readonly id: string
  readonly type: string
  readonly attempt: number
  readonly started_at: string | null
  readonly incarnation: string | null
  readonly lease_id: string | null
}

/** An attempt that has ended, as the store has it. */
export interface Past {
  readonly task: string
  readonly type: string
  readonly attempt: number
  readonly incarnation: string
  readonly from: number
  readonly to: number
  readonly how: How
  readonly why?: string | undefined
}

/** One life of a worker. */
export interface Life {
  readonly incarnation: string
  readonly name: string
  readonly bars: Bar[]
  lanes: number
  /** As it says; where that is not known yet, as many as were seen. */
  slots: number
  /** Since when it is gone. */
  goneAt?: number
  cutOff: number
}

export interface Moved {
  readonly at: number
  readonly worker: string
  readonly bars: readonly Bar[]
}

const KEPT_MS = 6 * 60_000
const BARS_MAX = 20_000
const LANES_MAX = 32
/** Attempts that ended together: one death. */
const TOGETHER_MS = 1_500
/** An end is told at most so long after the next of its slot has begun. */
const LATE_MS = 1_000

export class Lanes {
  readonly lives = new Map<string, Life>()
  readonly #open = new Map<string, Bar>()
  /** Cut off, and not seen to go on. */
  readonly #waiting = new Map<string, Bar>()
  /** Attempts that the store told of: the feed may tell of them once more. */
  readonly #recalled = new Set<string>()
  #bars = 0

  take(entry: Entry): void {
    const at = Date.parse(entry.at)
    if (entry.what === 'began') this.#begin(at, entry)
    else this.#end(at, entry)
  }

  #begin(at: number, { lease_id: lease, task_id: task, incarnation, type = '', attempt = 1 }: Entry): void {
    if (this.#open.has(lease) || this.#recalled.has(keyOf(task ?? '', attempt))) return
    this.#goesOn(this.#add({ lease, task: task ?? '', type, attempt, worker: incarnation, from: at }))
  }

  #goesOn(bar: Bar): void {
    const before = this.#waiting.get(bar.task)
    if (before === undefined || before.attempt >= bar.attempt) return
    this.#waiting.delete(bar.task)
    before.next = bar
    bar.after = before
  }

  #end(at: number, { lease_id: lease, task_id: task, what, message }: Entry): void {
    const bar = this.#open.get(lease)
    if (bar === undefined) return
    this.#open.delete(lease)
    bar.to = Math.max(at, bar.from)
    bar.how = what as How
    this.#free(bar)
    if (message !== undefined) bar.why = message
    if (bar.task === '' && task !== null) bar.task = task
    if (what !== 'lost') return
    this.#cutOff(bar)
    // The list of what runs may have come before the feed, which tells of what was before the page was opened, too.
    for (const next of this.#open.values()) if (next.task === bar.task) this.#goesOn(next)
  }

  #cutOff(bar: Bar): void {
    this.#waiting.set(bar.task, bar)
    const life = this.lives.get(bar.worker)
    if (life !== undefined) life.cutOff += 1
  }

  /**
   * What ended before anything was seen, or unseen. What goes on with a task that was cut off may be there already.
   * @param past in any order
   */
  recall(past: readonly Past[]): void {
    const bars = new Map<string, Bar>()
    for (const { bars: seen } of this.lives.values())
      for (const bar of seen) bars.set(keyOf(bar.task, bar.attempt), bar)
    const added: Bar[] = []
    for (const { task, type, attempt, incarnation, from, to, how, why } of past) {
      const key = keyOf(task, attempt)
      const known = bars.get(key)
      // Of one whose end was not seen it is known now.
      if (known?.how === 'unseen') Object.assign(known, { how, to, ...(why !== undefined && { why }) })
      if (known !== undefined || from > to) continue
      const bar = this.#add({ lease: key, task, type, attempt, worker: incarnation, from, to, how })
      if (why !== undefined) bar.why = why
      this.#recalled.add(key)
      bars.set(key, bar)
      added.push(bar)
    }
    for (const bar of added.sort((one, other) => one.attempt - other.attempt)) {
      this.#goesOn(bar)
      if (bar.how === 'lost') this.#cutOff(bar)
      const next = bars.get(keyOf(bar.task, bar.attempt + 1))
      if (next !== undefined) this.#goesOn(next)
    }
  }

  /** What runs since before anything was seen; and of what is open, what does not run any more where the list is whole. */
  seed(running: readonly Runs[], at: number, whole: boolean): void {
    const known = new Set<string>()
    for (const { id, type, attempt, started_at, incarnation, lease_id } of running) {
      if (lease_id === null || incarnation === null || started_at === null) continue
      known.add(lease_id)
      // One whose end was told while the list was on its way does not begin anew.
      const isKnown = this.lives.get(incarnation)?.bars.some((bar) => bar.task === id && bar.attempt === attempt)
      if (this.#open.has(lease_id) || isKnown === true) continue
      const from = Date.parse(started_at)
      this.#goesOn(this.#add({ lease: lease_id, task: id, type, attempt, worker: incarnation, from }))
    }
    if (!whole) return
    for (const bar of this.#open.values()) {
      if (known.has(bar.lease) || bar.from > at - 2_000) continue
      this.#open.delete(bar.lease)
      bar.to = at
      bar.how = 'unseen'
      this.#free(bar)
    }
  }

  /** @param there incarnations that are known to the master, and whether each is still heard of */
  roster(there: ReadonlyMap<string, { readonly name: string; readonly slots: number }>, at: number): void {
    for (const [incarnation, { name, slots }] of there) {
      const life = this.#life(incarnation, name)
      life.slots = Math.min(slots, LANES_MAX)
      life.lanes = life.slots
      delete life.goneAt
    }
    for (const life of this.lives.values()) if (!there.has(life.incarnation)) life.goneAt ??= lastOf(life) ?? at
    this.#forget(at)
  }

  /** The deaths, the latest first: which attempts were cut off, and where each went on. */
  moved(): readonly Moved[] {
    const found: { at: number; worker: string; bars: Bar[] }[] = []
    for (const life of this.lives.values()) {
      if (life.cutOff === 0) continue
      for (const bar of life.bars) {
        if (bar.how !== 'lost') continue
        const near = found.find(({ worker, at }) => worker === life.incarnation && Math.abs(at - bar.to!) < TOGETHER_MS)
        if (near === undefined) found.push({ at: bar.to!, worker: life.incarnation, bars: [bar] })
        else near.bars.push(bar)
      }
    }
    return found.sort((one, other) => other.at - one.at)
  }

  #add(start: Omit<Bar, 'lane'>): Bar {
    const life = this.#life(start.worker)
    const { from, to: end = Number.POSITIVE_INFINITY } = start
    const beside = life.bars.filter((bar) => (bar.to ?? Number.POSITIVE_INFINITY) > from && bar.from < end)
    const taken = new Set(beside.map(({ lane }) => lane))
    let lane = 0
    while (taken.has(lane)) lane += 1
    // A worker begins the next before the end of the last is on disk.
    if (life.slots > 0 && lane >= life.slots) lane = this.#laneLeft(life, beside, from) ?? life.slots
    else if (life.slots === 0) life.lanes = Math.max(life.lanes, Math.min(lane + 1, LANES_MAX))
    const bar: Bar = { ...start, lane }
    life.bars.push(bar)
    if (bar.to === undefined) this.#open.set(bar.lease, bar)
    this.#bars += 1
    return bar
  }

  /** The lane of one that has ended, as it was told a moment too late: it had ended when this one began. */
  #laneLeft({ slots }: Life, beside: readonly Bar[], from: number): number | undefined {
    const taken = new Set(beside.flatMap(({ to, lane }) => (to === undefined ? [lane] : [])))
    const left = beside.filter(
      ({ to, lane }) => to !== undefined && to - from < LATE_MS && lane < slots && !taken.has(lane),
    )
    const first = left.sort((one, other) => one.to! - other.to!)[0]
    if (first === undefined) return undefined
    first.to = Math.max(first.from, from)
    return first.lane
  }

  /** Its lane is that of one which has begun already. */
  #free(ended: Bar): void {
    const { worker, lane } = ended
    const life = this.lives.get(worker)
    if (life === undefined || life.slots === 0 || lane >= life.slots) return
    const next = life.bars.find((bar) => bar.lane === life.slots && bar.from >= ended.from)
    if (next === undefined) return
    next.lane = lane
    // Its code had ended by then, or that one had not begun.
    ended.to = Math.max(ended.from, Math.min(ended.to ?? next.from, next.from))
  }

  #life(incarnation: string, name = incarnation.replace(/#.*$/, '')): Life {
    const known = this.lives.get(incarnation)
    if (known !== undefined) return known
    const life: Life = { incarnation, name, bars: [], lanes: 1, slots: 0, cutOff: 0 }
    this.lives.set(incarnation, life)
    return life
  }

  #forget(at: number): void {
    const tight = this.#bars > BARS_MAX
    const before = at - (tight ? KEPT_MS / 6 : KEPT_MS)
    this.#bars = 0
    for (const [incarnation, life] of this.lives) {
      const kept = life.bars.filter(({ to }) => to === undefined || to > before)
      if (kept.length < life.bars.length && this.#recalled.size > 0)
        for (const { to, task, attempt } of life.bars)
          if (to !== undefined && to <= before) this.#recalled.delete(keyOf(task, attempt))
      life.bars.splice(0, life.bars.length, ...kept)
      this.#bars += kept.length
      if (kept.length === 0 && life.goneAt !== undefined && life.goneAt < at - KEPT_MS) this.lives.delete(incarnation)
    }
    for (const [task, bar] of this.#waiting) if ((bar.to ?? at) < before) this.#waiting.delete(task)
  }
}

/** When it was there last: its tasks were cut off with it, or all that is known of it is what it did. */
function lastOf({ bars, slots }: Life): number | undefined {
  const ends = bars.flatMap(({ how, to }) => ((how === 'lost' || slots === 0) && to !== undefined ? [to] : []))
  return ends.length === 0 ? undefined : Math.max(...ends)
}

function keyOf(task: string, attempt: number): string {
  return `${task} ${attempt}`
}
