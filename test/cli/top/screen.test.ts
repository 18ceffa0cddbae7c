// The screen as a pure function of what is known and of its size.
import t from 'tap'
import { columnsOf, textOf } from '../../../src/cli/top/cells.js'
import { type Size, screen } from '../../../src/cli/top/screen.js'
import { step, type TopState } from '../../../src/cli/top/state.js'
import type { TaskField } from '../../../src/protocol/messages.js'
import { failed, press, running, START_MS, snapshot, stateOf, worker } from './made.js'

const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 40, rows: 10 },
  { columns: 200, rows: 60 },
  { columns: 12, rows: 4 },
  { columns: 1, rows: 1 },
]

/** Its own, and that of each of its hosts. */
const memory = (mib: number, ...hosts: readonly number[]) => ({
  memoryBytes: mib * 2 ** 20,
  hosts: hosts.map((each) => ({ pid: 1, state: 'ready', memoryBytes: each * 2 ** 20 })),
})

const busy = stateOf(
  snapshot({ workers: [worker('w1'), worker('w2')] }),
  snapshot({
    atMs: START_MS + 1_000,
    workers: [
      worker('w1', { running: 2, completed: 30, ...memory(62, 118) }),
      worker('w2', { ...memory(700, 800, 900), state: 'suspect', completed: 5, failed: 1 }),
      worker('w3'),
    ],
    running: [
      running('0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d', 'w1', { description: 'photo.png' }),
      running('0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4e', 'w1', { attempt: 2 }),
    ],
    failed: [failed('t9', 'no such file')],
  }),
)

function linesOf(state: TopState, size: Size): string[] {
  return screen(state, size).lines.map((line) => textOf(line, false))
}

t.test('80 x 24: all of it, at its place', async (t) => {
  t.same(linesOf(busy, { columns: 80, rows: 24 }), [
    'dtr  degraded  w2: not heard of in time, no new work    127.0.0.1:4999  up 3m20s',
    '0 pending  2 running  1,204 completed  1 failed  0 cancelled              █ 36/s',
    '',
    '  WORKER  STATE    BUSY   RATE   MEM  FOR  RUNS    TRY  WHAT',
    '  w1      ready     2/2   30/s  180M  13s  resize    1  photo.png',
    '                                      13s  resize    2  …0c8f6b1a2e4e',
    '  w2      suspect   0/2  6.0/s  2.3G       idle',
    '  w3      ready     0/2    0/s             idle',
    '',
    '  FAILED  TYPE    TRIES  WORKER  WHAT WENT WRONG',
    '    6.0s  resize      1  w1      no such file',
    ...Array<string>(12).fill(''),
    '↑↓ mark  enter look  c cancel  r retry  / filter  tab failed  ? help  q quit',
  ])
})

t.test('who is given nothing more is not ready', async (t) => {
  const worker1 = worker('w1', { quarantined: '12 of its last 20 votes were wrong' })
  const lines = linesOf(stateOf(snapshot({ workers: [worker1, worker('w2')] })), { columns: 80, rows: 24 })
  t.ok(lines.some((line) => /w1 +quarantined +0/.test(line)))
  t.ok(lines.some((line) => /w2 +ready +0/.test(line)))
})

t.test('every size: as many rows, none longer than the screen, the same each time', async (t) => {
  const wild = stateOf(
    snapshot({
      workers: Array.from({ length: 70 }, (_, index) =>
        worker(`${'東京-worker-with-a-long-name-'.repeat(3)}${index}`, { running: 1 }),
      ),
      running: [
        running('t1', 'x', { description: 'a\u001b[2J\nb\u0007👩‍👩‍👧\u202e'.repeat(30), type: 'type'.repeat(30) }),
      ],
      failed: Array.from({ length: 50 }, (_, index) => failed(`f${index}`, '東京 \r\u001b]0;title\u0007'.repeat(40))),
      status: { unserved: ['encode'.repeat(20)] },
    }),
  )
  const states = [
    ...[busy, wild, stateOf(), press(wild, 'down', 'c'), press(wild, '/', 'x'), press(wild, '?')],
    ...[press(wild, 'end'), press(wild, 'pagedown', 'pagedown', 'pagedown'), press(wild, 'down', 'return')],
  ]
  for (const size of SIZES) {
    for (const [index, state] of states.entries()) {
      const lines = linesOf(state, size)
      t.equal(lines.length, size.rows, `${index}: ${size.columns} x ${size.rows}`)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
      const steers = lines.filter((line) => /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/.test(line))
      t.same([lines.filter((line) => columnsOf(line) > size.columns), steers], [[], []])
      t.same(linesOf(state, size), lines)
    }
  }
})

t.test('the marked row is on the screen, wherever it is', async (t) => {
  const many = stateOf(
    snapshot({
      workers: Array.from({ length: 40 }, (_, index) => worker(`w${index + 1}`)),
      failed: Array.from({ length: 30 }, (_, index) => failed(`f${index}`, `way ${index}`)),
    }),
  )
  for (const size of SIZES.slice(0, 3)) {
    for (let downs = 1; downs <= 70; downs += 3) {
      const state = press(many, ...Array<string>(downs).fill('down'))
      const marked = linesOf(state, size).filter((line) => line.startsWith('▸'))
      t.equal(marked.length, 1, `${downs} down at ${size.columns} x ${size.rows}`)
      t.match(marked[0], downs <= 40 ? new RegExp(`w${downs}\\b`) : new RegExp(`way ${downs - 41}\\b`))
    }
  }
  t.match(linesOf(many, { columns: 80, rows: 24 }).join('\n'), /1-\d+ of 40/)
})

t.test('what is left out where it is narrow, and what comes where it is wide', async (t) => {
  const narrow = linesOf(busy, { columns: 40, rows: 10 }).join('\n')
  t.match(narrow, /w1 +ready +13s +resize/)
  t.notMatch(narrow, /photo\.png/)
  const wide = linesOf(busy, { columns: 200, rows: 60 }).join('\n')
  t.match(wide, /DONE +FAILED/)
  t.match(wide, /0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4e/)
})

t.test('a worker that is gone, and nobody at all', async (t) => {
  const gone = stateOf(
    snapshot({ workers: [worker('w1'), worker('w2')] }),
    snapshot({ atMs: START_MS + 4_000, workers: [worker('w2')] }),
  )
  t.match(linesOf({ ...gone, nowMs: START_MS + 10_000 }, SIZES[0]!).join('\n'), /w1 +gone +6\.0s/)
  t.match(linesOf(stateOf(snapshot({})), SIZES[0]!).join('\n'), /no workers: dtr start/)
  t.match(linesOf(stateOf(), SIZES[0]!)[0], /connecting/)
})

t.test('one task: its story, its data and what it said, to be scrolled', async (t) => {
  const field = {
    ...running('t1', 'w1', { description: 'photo.png' }),
    ...{
      payload: '{"path":"a\\u001b[2J.png"}',
      encoding: 'json' as const,
      progress: { percent: 40, message: 'half\u001b[31m' },
    },
  } satisfies TaskField
  const logs = [
    { attempt: 1, text: Array.from({ length: 60 }, (_, index) => `line ${index}\u001b[1m`).join('\n'), skipped: 0 },
  ]
  const looking = press(busy, 'down', 'return')
  const id = looking.looking!.id
  const seen = step(looking, START_MS, { kind: 'looked', id, task: { ...field, id }, logs }).state
  const size = { columns: 80, rows: 24 }
  const first = linesOf(seen, size)
  t.match(first.join('\n'), /progress +40% half\\x1b\[31m/)
  t.match(first.join('\n'), /now: attempt 1 has run for 12s/)
  const { scrollMax, pageRows } = screen(seen, size)
  t.ok(scrollMax > 40 && pageRows > 10)
  const last = linesOf({ ...seen, looking: { ...seen.looking!, scroll: scrollMax } }, size)
  t.match(last.at(-2), /^line 59\\x1b\[1m$/)
  t.same(linesOf({ ...seen, looking: { ...seen.looking!, scroll: 10_000 } }, size), last)
  t.match(press(seen, 'c').question, { act: 'cancel', id })
})

t.test('as text for a log it is as long as it needs', async (t) => {
  const lines = linesOf(busy, { columns: 80, rows: Number.POSITIVE_INFINITY })
  t.equal(lines.length, 11)
  t.notMatch(lines.join('\n'), /q quit/)
})
