// dtr drill: breaks a cluster of its own on purpose, and says whether what was promised held.

import { clusterFolder } from '../client/connect.js'
import type { Drill, DrillResult } from '../drill/drill.js'
import { chooseDrills, chooseForeign, DRILLS, isFine } from '../drill/drills.js'
import { findRunning } from '../drill/here.js'
import { runDrill, runHere } from '../drill/run.js'
import { DtrError, EXIT_INTERRUPTED, EXIT_OK } from '../errors.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import { happeningLine, resultLines, summaryLines } from './drill-report.js'
import type { Flags } from './flags.js'
import type { Output } from './output.js'
import { agree } from './question.js'
import { onEndSignals } from './signals.js'
import { plainTable } from './table.js'

const JOBS_MAX = 16
const SEED_MAX = 2 ** 32 - 1

export const drill: Command = {
  name: 'drill',
  positionals: '[names..]',
  about: 'break a cluster of its own on purpose, and say what held; in a temporary folder, nothing else is touched',
  words: DRILLS.map(({ name }) => name),
  settings: CLUSTER_SETTINGS,
  flags: {
    ...JSON_FLAG,
    list: { about: 'name the drills, what they do and which promises they ask' },
    all: { about: 'run all of them' },
    quick: { about: 'with shorter timers: a lease of 4 s in place of 15 s' },
    jobs: { about: 'run so many at a time; each is told when it has ended', value: 'N' },
    worker: {
      about: 'do it to workers that this command starts, in any language; all drills that can, or those that are named',
      value: 'COMMAND',
    },
    seed: { about: 'draws victims and durations; as it was told by the run that is to be repeated', value: 'N' },
    here: { about: 'break the cluster that runs here, after a question; for drills that kill, freeze and reset' },
    yes: { about: 'with --here: do it without a question' },
  },
  examples: [
    ['drill --list', 'what there is'],
    ['drill kill-worker freeze-worker', 'two of them, with the real timers'],
    ['drill --all --quick', 'all of them; exit 1 where a promise broke'],
    ["drill --worker 'python3 worker.py'", 'whether a worker of your own does what PROTOCOL.md says'],
    ['drill kill-worker --here', 'a worker of the cluster that runs here; it says which, and asks'],
  ],
  handlesSignals: true,
  async run(flags, output) {
    if (flags.has('list')) return list(flags, output)
    const chosen = choose(flags)
    const seed = readSeed(flags)
    const jobs = readJobs(flags)
    const json = flags.has('json')
    const interrupt = new AbortController()
    onEndSignals(() => interrupt.abort(new DtrError('cancelled', 'interrupted')))
    const options = { seed, quick: flags.has('quick'), worker: readWorker(flags), signal: interrupt.signal }
    const run = flags.has('here') ? await runnerHere(flags) : runDrill
    const found = new Map<Drill, DrillResult>()
    if (!json) await output.line(`seed ${seed}`)
    const perform = async (one: Drill): Promise<void> => {
      const story = new Story(output, json ? 'never' : jobs === 1 ? 'at once' : 'at its end')
      await story.tell(`\n${one.name}: ${one.summary}`)
      const result = await run(one, { ...options, happened: (it) => void story.tell(happeningLine(it)) })
      found.set(one, result)
      for (const line of resultLines(result)) await story.tell(line)
      await story.end()
    }
    try {
      await severalAtATime(chosen, jobs, perform)
    } catch (error) {
      if (interrupt.signal.aborted) return EXIT_INTERRUPTED
      interrupt.abort(error)
      throw error
    }
    const results = chosen.flatMap((one) => found.get(one) ?? [])
    if (json) await output.json(results)
    else if (results.length > 1) for (const line of summaryLines(results)) await output.line(line)
    const everyFault = process.env.DTR_REQUIRE_FAULTS === '1'
    return results.every((result) => isFine(result, everyFault)) ? EXIT_OK : new DtrError('task_failed', '').exitCode
  },
}

function choose(flags: Flags): readonly Drill[] {
  const names = flags.texts('names')
  const [all, here] = [flags.has('all'), flags.has('here')]
  const worker = readWorker(flags)
  if (worker !== undefined && here) {
    throw new DtrError('bad_input', '--worker: a cluster that runs has the workers that it has', {
      hint: 'leave it out, or leave --here out',
    })
  }
  if (worker !== undefined && !(all && names.length > 0)) {
    const able = DRILLS.filter(({ foreign }) => foreign === true)
    return names.length === 0 ? able : chooseForeign(chooseDrills(names))
  }
  if (all === names.length > 0 || (all && here)) {
    throw new DtrError('bad_input', here ? 'say which drills, by name' : 'say which drills: names, or --all', {
      hint: 'dtr drill --list tells what there is',
    })
  }
  if (here && flags.has('quick')) {
    throw new DtrError('bad_input', '--quick: the timers of a cluster that runs are what they are', {
      hint: 'leave it out, or leave --here out',
    })
  }
  if (flags.has('yes') && !here) throw new DtrError('bad_input', '--yes answers the question of --here')
  return all ? DRILLS : chooseDrills(names)
}

function readWorker(flags: Flags): string | undefined {
  const command = flags.text('worker')?.trim()
  if (command !== '') return command
  throw new DtrError('bad_input', '--worker: must not be empty', { hint: "such as --worker 'python3 worker.py'" })
}

/** The lines of one drill. */
class Story {
  readonly #untold: string[] = []

  constructor(
    private readonly output: Output,
    private readonly when: 'at once' | 'at its end' | 'never',
  ) {}

  async tell(line: string): Promise<void> {
    if (this.when === 'at its end') this.#untold.push(line)
    else if (this.when === 'at once') await this.output.line(line)
  }

  async end(): Promise<void> {
    for (const line of this.#untold.splice(0)) await this.output.line(line)
  }
}

async function severalAtATime<Item>(
  items: readonly Item[],
  jobs: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items]
  const job = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: jobs }, job))
}

/** What runs a drill on the cluster that the flags mean. */
async function runnerHere(flags: Flags): Promise<typeof runDrill> {
  const data = clusterFolder(flags.settings(['data']).data, process.env)
  const client = await connectBy(flags)
  return async (drill, options) => {
    // Anew for each: the one before may have killed some.
    const running = await findRunning(client, data ?? '')
    const where = `on the cluster in ${data}, with the master ${running.master.pid} and ${running.workers.length} workers:`
    const asked = (words: readonly string[]): Promise<void> => agree([where, ...words], options.signal)
    return runHere(drill, { ...options, client, running, agree: flags.has('yes') ? async () => {} : asked })
  }
}

async function list(flags: Flags, output: Output): Promise<number> {
  if (flags.has('json')) {
    await output.json(
      DRILLS.map(({ name, promises, summary, foreign = false }) => ({ name, promises, summary, foreign })),
    )
    return EXIT_OK
  }
  const rows = DRILLS.map(({ name, promises, summary, here, foreign }) => [
    ...[name, promises.join(' '), here === undefined ? '' : '--here', foreign === undefined ? '' : '--worker', summary],
  ])
  for (const line of plainTable(['DRILL', 'PROMISES', '', '', ''], rows)) await output.line(line)
  return EXIT_OK
}

function readJobs(flags: Flags): number {
  const jobs = flags.integer('jobs') ?? 1
  if (jobs < 1 || jobs > JOBS_MAX) throw new DtrError('bad_input', `--jobs: ${jobs} is not from 1 to ${JOBS_MAX}`)
  if (jobs > 1 && flags.has('here')) throw new DtrError('bad_input', '--jobs: one at a time on a cluster that runs')
  return jobs
}

function readSeed(flags: Flags): number {
  const seed = flags.integer('seed') ?? Math.floor(Math.random() * SEED_MAX)
  if (seed >= 0 && seed <= SEED_MAX) return seed
  throw new DtrError('bad_input', `--seed: ${seed} is not from 0 to ${SEED_MAX}`)
}
