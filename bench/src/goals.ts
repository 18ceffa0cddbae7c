// What dtr is to reach, as ratios within one run, and by which figures of that run one sees what holds a mark back.
import { type Figure, median, ratioByTurns, rounded, spread } from './figures.js'
import { BARE_WAY, BARE_WAY_P99, BARE_WAY_TOGETHER, STORE_ALONE } from './measurements/floors.js'
import type { Results } from './report.js'

export interface Goal {
  readonly what: string
  readonly value: number | undefined
  readonly unit: string
  readonly atLeast: number
  readonly mark: number
  /** Less is better. */
  readonly falling?: boolean
  /** What holds back the mark. */
  readonly heldBack?: string | undefined
}

export function goalsOf(results: Results): readonly Goal[] {
  return [...throughputGoals(results), ...latencyGoals(results), ...backlogGoals(results), ...otherGoals(results)]
}

function ratio(one?: Figure, other?: Figure): number | undefined {
  return one && other && ratioByTurns(one, other)
}

function percent(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100
}

function standing({ contest }: Results, name: string) {
  return contest?.standings.find((standing) => standing.name === name)
}

function floor({ floors }: Results, name: string): Figure | undefined {
  return floors?.find((figure) => figure.name.startsWith(name))
}

/** Of what was measured at different times. */
function share(one?: Figure, other?: Figure): number | undefined {
  return one && other && median(one.values) / median(other.values)
}

/** Like with like: who is told each result beside who is told each, who counts what is stored beside who counts it. */
function throughputGoals(results: Results): readonly Goal[] {
  const rate = (name: string): Figure | undefined => standing(results, name)?.throughput
  const own = rate('dtr')
  const heldBack = own && sharesOfProcessor(results, median(own.values))
  const counted = rate('dtr, results counted')
  return [
    {
      what: 'throughput against BullMQ, everysec, results counted by both',
      value: ratio(counted, rate('BullMQ, everysec')),
      ...{ unit: 'x', atLeast: 4, mark: 7, heldBack },
    },
    {
      what: 'the same, each result told to both clients',
      value: ratio(own, rate('BullMQ, everysec, results told')),
      ...{ unit: 'x', atLeast: 4, mark: 7, heldBack },
    },
    {
      what: 'the same, each result told to the client of dtr alone',
      value: ratio(own, rate('BullMQ, everysec')),
      ...{ unit: 'x', atLeast: 4, mark: 7, heldBack },
    },
    {
      what: 'throughput against pg-boss, results counted by both',
      value: ratio(counted, rate('pg-boss')),
      ...{ unit: 'x', atLeast: 3, mark: 3, heldBack },
    },
    {
      what: 'throughput against better-sqlite3 alone',
      value: percent(share(own, floor(results, 'better-sqlite3'))),
      ...{ unit: '%', atLeast: 25, mark: 45, heldBack },
    },
  ]
}

/** All processes share the cores, so that a task may take so much of them in all of these together. */
function sharesOfProcessor({ machine, safety, fakes }: Results, rate: number): string {
  const whole = `${rounded((machine.cores * 1e6) / rate)} us of processor a task in client, master, workers and hosts together`
  const [base, ...without] = safety ?? []
  const saved = without.map(({ name, values }) => {
    const gained = base === undefined ? 0 : 1e6 / median(base.values) - 1e6 / median(values)
    return { name: name.split(':')[0], us: gained * machine.cores }
  })
  const parts = saved
    .filter(({ us }) => us > 1)
    .sort((one, other) => other.us - one.us)
    .map(({ name, us }) => `${rounded(us)} less ${name}`)
  const master = fakes?.[0] && `the master's part is ${rounded(median(fakes[0].task.values))}`
  return [whole, ...parts, ...(master ? [master] : [])].join('; ')
}

function latencyGoals(results: Results): readonly Goal[] {
  const [own, bullmq] = [standing(results, 'dtr'), standing(results, 'BullMQ, everysec')]
  const us = (figure: Figure): string => `${rounded(median(figure.values))} us`
  const way = [floor(results, BARE_WAY), floor(results, BARE_WAY_TOGETHER), floor(results, BARE_WAY_P99)] as const
  const store = floor(results, STORE_ALONE)
  const parts = [
    store &&
      bullmq &&
      `the store alone, two batches on disk, takes ${us(store)} of the ${rounded(median(bullmq.p50.values) * 750)} us that are 0.75 of BullMQ's p50`,
    own?.processor &&
      bullmq?.processor &&
      `a single task takes ${us(own.processor)} of processor in all processes together, one of BullMQ ${us(bullmq.processor)}`,
    ...(way[0] && way[1] && way[2]
      ? [
          `a line that only goes the way of a task, client, master, store, worker, host and back, and is written twice, takes ${us(way[0])}, at p99 ${us(way[2])}`,
          `without a thread for the store and a process for the host ${us(way[1])}`,
        ]
      : []),
  ].filter((part) => part !== undefined)
  const goal = (what: string, one?: Figure, other?: Figure): Goal => ({
    ...{ what, value: ratio(one, other), unit: 'x', atLeast: 0.75, mark: 0.5, falling: true },
    heldBack: parts.length === 0 ? undefined : parts.join('; '),
  })
  return [goal('p50 against BullMQ', own?.p50, bullmq?.p50), goal('p99 against BullMQ', own?.p99, bullmq?.p99)]
}

function backlogGoals({ backlog }: Results): readonly Goal[] {
  if (backlog === undefined) return []
  const { pending, delayed, unserved, memory, disk } = backlog
  const first = pending[0]?.figure
  const against = (what: string, figure: Figure | undefined): Goal => ({
    ...{ what, value: percent(ratio(figure, first)), unit: '%', atLeast: 90, mark: 100 },
    heldBack: figure && first && `${spread(figure.values)} tasks/s against ${spread(first.values)}, run by run`,
  })
  return [
    against('with the largest backlog, against the smallest', pending.at(-1)?.figure),
    against('the same, delayed', delayed),
    against('the same, of a type that nobody serves', unserved),
    {
      ...{ what: 'memory of the master a pending task', value: median(memory.values), unit: 'bytes' },
      ...{ atLeast: 16, mark: 0, falling: true },
      heldBack: `the master remembers nothing of it; ${spread(memory.values)} is what its heap holds between two collections, shared out`,
    },
    {
      ...{ what: 'on disk a pending task', value: median(disk.values), unit: 'bytes' },
      ...{ atLeast: 500, mark: 350, falling: true },
      heldBack: 'its row, the index of its id and that of what can run',
    },
  ]
}

function otherGoals({ fakes, prefetch, recovery, scale }: Results): readonly Goal[] {
  const [few, many] = [fakes?.[0], fakes?.at(-1)]
  const one = scale?.findLast(({ workers, restMs }) => workers === 1 && restMs > 0)
  const betweenMs = one && 1_000 / median(one.figure.values) - one.restMs
  const died = { unit: 'ms', mark: 50, falling: true } as const
  const heldBack =
    'the death of its host, which only a port that refuses proves (looked at each 10 ms), a commit, and the way to the next worker'
  return [
    {
      what: 'processor time of the master a task, most workers against fewest',
      value: ratio(many?.task, few?.task),
      ...{ unit: 'x', atLeast: 1.3, mark: 1, falling: true },
      heldBack: 'where more workers share the same tasks, each message carries fewer of them',
    },
    {
      what: 'long among short: total against the ideal',
      value: prefetch && median(prefetch.total.values),
      ...{ unit: 'x', atLeast: 1.1, mark: 1.02, falling: true },
      heldBack:
        betweenMs === undefined
          ? undefined
          : `a slot has nothing to do for ${rounded(betweenMs)} ms between two tasks, while a result goes from the host to the worker and the next task back`,
    },
    {
      what: 'kill -9 until the task runs elsewhere',
      ...{ value: recovery && median(recovery.values), atLeast: 200, ...died, heldBack },
    },
    {
      what: 'the same, the longest',
      ...{ value: recovery && Math.max(...recovery.values), atLeast: 2_000, ...died, heldBack },
    },
  ]
}
