// A task that takes its process down whenever it runs, among many good ones.
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { unharmed } from '../verdicts.js'

const GOOD = 1_000
const GOOD_QUICK = 300

export const poisonTask: Drill = {
  name: 'poison-task',
  promises: ['P1', 'P6', 'P9', 'P11', 'P17'],
  summary: `a task that ends its process, among ${GOOD} good ones`,
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    await stage.start({ workers: 2, slots: 4 })
    const half = (stage.quick ? GOOD_QUICK : GOOD) / 2
    const before = await stage.submit(half, { ms: [5, 40] })
    stage.inject('submit of a task that calls process.exit', () => {})
    await stage.submit(1, { ms: 0, exits: true, endsWith: 'poison' })
    const good = [...before, ...(await stage.submit(half, { ms: [5, 40] }))]
    const history = await stage.settle()
    stage.judge(unharmed('P11', 'the poisonous task is failed; no good one was charged for it', history, good))
  },
}
