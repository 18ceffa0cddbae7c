// dtr drill: breaks a cluster of its own on purpose, and says whether what was promised held.

import type { DrillResult } from '../drill/drill.js'
import { chooseDrills, DRILLS, isFine } from '../drill/drills.js'
import { runDrill } from '../drill/run.js'
import { DtrError, EXIT_INTERRUPTED, EXIT_OK } from '../errors.js'
import { type Command, JSON_FLAG } from './command.js'
import { happeningLine, resultLines, summaryLines } from './drill-report.js'
import type { Flags } from './flags.js'
import type { Output } from './output.js'
import { onEndSignals } from './signals.js'
import { plainTable } from './table.js'

const SEED_MAX = 2 ** 32 - 1

export const drill: Command = {
  name: 'drill',
  positionals: '[names..]',
  about: 'break a cluster of its own on purpose, and say what held; in a temporary folder, nothing else is touched',
  words: DRILLS.map(({ name }) => name),
  settings: [],
  flags: {
    ...JSON_FLAG,
    list: { about: 'name the drills, what they do and which promises they ask' },
    all: { about: 'run all of them' },
    quick: { about: 'with shorter timers: a lease of 4 s in place of 15 s' },
    seed: { about: 'draws victims and durations; as it was told by the run that is to be repeated', value: 'N' },
  },
  examples: [
    ['drill --list', 'what there is'],
    ['drill kill-worker freeze-worker', 'two of them, with the real timers'],
    ['drill --all --quick', 'all of them; exit 1 where a promise broke'],
  ],
  handlesSignals: true,
  async run(flags, output) {
    if (flags.has('list')) return list(flags, output)
    const names = flags.texts('names')
    if (flags.has('all') === names.length > 0) {
      throw new DtrError('bad_input', 'say which drills: names, or --all', {
        hint: 'dtr drill --list tells what there is',
      })
    }
    const chosen = flags.has('all') ? DRILLS : chooseDrills(names)
    const seed = readSeed(flags)
    const json = flags.has('json')
    const interrupt = new AbortController()
    onEndSignals(() => interrupt.abort(new DtrError('cancelled', 'interrupted')))
    const results: DrillResult[] = []
    if (!json) await output.line(`seed ${seed}`)
    for (const one of chosen) {
      if (!json) await output.line(`\n${one.name}: ${one.summary}`)
      const result = await runDrill(one, {
        ...{ seed, quick: flags.has('quick'), signal: interrupt.signal },
        happened: (happening) => void (json || output.line(happeningLine(happening))),
      }).catch((error: unknown) => {
        if (interrupt.signal.aborted) return undefined
        throw error
      })
      if (result === undefined) return EXIT_INTERRUPTED
      results.push(result)
      if (!json) for (const line of resultLines(result)) await output.line(line)
    }
    if (json) await output.json(results)
    else if (results.length > 1) for (const line of summaryLines(results)) await output.line(line)
    const everyFault = process.env.DTR_REQUIRE_FAULTS === '1'
    return results.every((result) => isFine(result, everyFault)) ? EXIT_OK : new DtrError('task_failed', '').exitCode
  },
}

async function list(flags: Flags, output: Output): Promise<number> {
  if (flags.has('json')) {
    await output.json(DRILLS.map(({ name, promises, summary }) => ({ name, promises, summary })))
    return EXIT_OK
  }
  const rows = DRILLS.map(({ name, promises, summary }) => [name, promises.join(' '), summary])
  for (const line of plainTable(['DRILL', 'PROMISES', ''], rows)) await output.line(line)
  return EXIT_OK
}

function readSeed(flags: Flags): number {
  const seed = flags.integer('seed') ?? Math.floor(Math.random() * SEED_MAX)
  if (seed >= 0 && seed <= SEED_MAX) return seed
  throw new DtrError('bad_input', `--seed: ${seed} is not from 0 to ${SEED_MAX}`)
}
