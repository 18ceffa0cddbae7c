// dtr leaderboard: what workers are worth, by the votes that they cast, and who is quarantined.
import type { Leaderboard, Standing, VoteTally } from '../client/leaderboard.js'
import { formatDuration } from '../config.js'
import { EXIT_OK } from '../errors.js'
import { escapeControls } from '../log.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import { fitted, plainTable } from './table.js'

const HEAD = ['WORKER', 'POINTS', 'MATCHED', 'WRONG', 'ALONE', 'ACCURACY', 'LAST', ''] as const
const MODEL_HEAD = ['TYPE', 'MODEL', 'MATCHED', 'WRONG', 'ALONE', 'ACCURACY'] as const

export const leaderboard: Command = {
  name: 'leaderboard',
  about: 'what workers are worth, by the votes that they cast for tasks with replicas',
  settings: CLUSTER_SETTINGS,
  flags: {
    ...JSON_FLAG,
    pardon: { about: 'a worker that is quarantined has work again, and proves itself anew', value: 'NAME' },
  },
  examples: [
    ['leaderboard', 'points and accuracy of workers, task types and models'],
    ['leaderboard --pardon worker-3', 'another chance for one that was wrong too often'],
  ],
  async run(flags, output) {
    const pardoned = flags.text('pardon')
    const client = await connectBy(flags, { reconnectFor: 0 })
    try {
      if (pardoned !== undefined) {
        const status = (await client.pardon(pardoned)) ? 'pardoned' : 'not quarantined'
        if (flags.has('json')) await output.json({ worker: pardoned, status })
        else await output.line(`${escapeControls(pardoned)}  ${status}`)
        return EXIT_OK
      }
      const board = await client.leaderboard()
      if (flags.has('json')) await output.json(board)
      else for (const line of describe(board, Date.now(), output.columns)) await output.line(line)
      return EXIT_OK
    } finally {
      client.close()
    }
  },
}

function describe({ workers, models }: Leaderboard, now: number, columns: number | undefined): readonly string[] {
  if (workers.length === 0)
    return ['nobody has voted yet; dtr submit --replicas 3 lets several workers do a task and vote']
  const standings = workers.map((worker) => standing(worker, now))
  const tallies = models.map(({ type, model = '', ...tally }) => [type, escapeControls(model), ...cells(tally)])
  return [
    ...plainTable(HEAD, fitted(HEAD, standings, columns)),
    '',
    ...plainTable(MODEL_HEAD, fitted(MODEL_HEAD, tallies, columns)),
  ]
}

function standing({ worker, points, lastAt, quarantined, records, ...tally }: Standing, now: number): string[] {
  const trusted = records.some((record) => record.trusted) ? 'trusted' : ''
  return [
    ...[escapeControls(worker), String(points), ...cells(tally)],
    `${formatDuration(Math.max(0, now - lastAt))} ago`,
    quarantined === undefined ? trusted : `quarantined: ${quarantined.reason}`,
  ]
}

function cells({ matched, wrong, alone, accuracy }: VoteTally): string[] {
  return [...[matched, wrong, alone].map(String), accuracy === undefined ? '' : `${(100 * accuracy).toFixed(1)} %`]
}
