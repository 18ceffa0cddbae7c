// A drill as people read it.
import t from 'tap'
import { happeningLine, resultLines, summaryLines } from '../../src/cli/drill-report.js'
import type { DrillResult } from '../../src/drill/drill.js'

const broke: DrillResult = {
  name: 'kill-worker',
  promises: ['P1', 'P7'],
  outcome: 'broke',
  reason: 'waited in vain',
  seed: 1,
  quick: true,
  tookMs: 61_500,
  measures: [
    { what: 'given up after', value: 75, unit: 'ms' },
    { what: 'tasks touched', value: 4, unit: 'count' },
  ],
  verdicts: [
    { promise: 'P1', words: 'all are there', held: true, against: [] },
    { promise: 'P7', words: 'no task ran twice', held: false, against: ['task a ran twice'] },
  ],
  timeline: [],
  folder: '/tmp/dtr-drill-x',
}

t.test('what happens, while it happens; nothing in it steers a terminal', async (t) => {
  t.equal(happeningLine({ atMs: 1_234, kind: 'fault', text: 'kill \u001b[31m' }), '     1.23 s  FAULT  kill \\x1b[31m')
  t.equal(happeningLine({ atMs: 20, kind: 'seen', text: 'gone' }), '     0.02 s         gone')
})

t.test('what was measured, a verdict a line, what speaks against it, and where to look', async (t) => {
  t.same(resultLines(broke), [
    '  measured: given up after 75ms, 4 tasks touched',
    '  held   P1   all are there',
    '  BROKE  P7   no task ran twice',
    '              task a ran twice',
    '  its logs, its data and what its tasks wrote are in /tmp/dtr-drill-x',
    '  kill-worker: BROKE in 1m2s: waited in vain',
  ])
})

t.test('all of them at a glance', async (t) => {
  const { folder: _folder, ...rest } = broke
  const skipped: DrillResult = { ...rest, name: 'other', outcome: 'skipped', reason: 'strace is missing' }
  t.match(
    summaryLines([broke, skipped]).join('\n'),
    /BROKE +kill-worker +P1 P7 +waited in vain\nSKIPPED +other .*missing/,
  )
})
