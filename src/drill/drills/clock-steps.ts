// Wall clocks step a day forward and a day back, of the master, of a worker, of all: leases and deadlines do not live by
// them, only what was put off to a time of day does.
import { type MonoMs, rawMonoMs } from '../../clock.js'
import type { Drill } from '../drill.js'
import { type History, livesOf } from '../history.js'
import { needs } from '../needs.js'
import type { Stage } from '../stage.js'
import { nobodyBlamed, unharmed, type Verdict, verdict } from '../verdicts.js'
import { forgetFaketime, WallClock } from '../wall-clock.js'

const DAY_MS = 86_400_000
/** Between the moment at which a task that was put off is due and its start. */
const LATE_MS_MAX = 5_000
/** What the moment of a step is not known by. */
const BLUR_MS = 50

export const clockSteps: Drill = {
  name: 'clock-steps',
  promises: ['P1', 'P6', 'P7', 'P8', 'P9', 'P17', 'P20'],
  summary: 'the wall clocks of master and workers step a day forward and back while tasks run and wait',
  needs: [needs.proc, needs.faketime],
  async run(stage) {
    const names = ['master', 'worker-1', 'worker-2', 'worker-3']
    const clocks = new Map(names.map((name) => [name, new WallClock(name, stage.reaper)]))
    const { cluster } = await stage.start({
      ...{ workers: 3, slots: 3 },
      places: (name) => ({ via: clocks.get(name)?.via ?? [] }),
    })
    forgetFaketime(
      stage.reaper,
      names.map((name) => cluster.pidOf(name)),
    )
    const before = await stage.incarnations()
    const steps = stage.chance.shuffled(
      [['master'], ['worker-1'], names].flatMap((of) => [1, -1].map((sign) => ({ of, byMs: sign * DAY_MS }))),
    )
    // Longer than all steps: two for each worker, so that one slot is left for the rest.
    const restMs = stage.settings.heartbeat * 1.2
    const long = await stage.submit(6, { ms: (2 * steps.length + 4) * restMs })
    stage.stream(100, { ms: [20, 100] })
    const put = new Map<string, MonoMs>()
    const putOff = (): Promise<void> => submitLater(stage, put, restMs)
    await stage.until(
      'the long ones to run',
      () => livesOf(stage.signs).filter(({ task }) => long.includes(task)).length === 6,
    )
    for (const { of, byMs } of steps) {
      for (const by of [byMs, -byMs]) {
        const direction = by > 0 ? 'forward' : 'back'
        await putOff()
        stage.inject(`the wall clock of ${of.join(', ')} steps a day ${direction}`, () => {
          for (const name of of) clocks.get(name)?.step(by)
        })
        await putOff()
        await stage.wait(restMs)
      }
    }
    stage.heal('all clocks are as they were')
    // What was put off while that of the master was a day ahead is still a day away.
    const master = clocks.get('master')!
    stage.inject('the wall clock of the master steps a day forward, for good', () => master.step(DAY_MS))
    const history = await stage.settle()
    const after = await stage.incarnations()
    stage.judge(verdict('P20', 'all workers are those of before', after === before ? [] : [`before: ${before}`, after]))
    const ids = history.accepted.map(({ id }) => id)
    stage.judge(nobodyBlamed(history, 'P20'))
    stage.judge(unharmed('P20', `none of ${ids.length} attempts was charged or run again`, history, ids))
    stage.judge(followsClock(history, put, master))
  },
}

async function submitLater(stage: Stage, put: Map<string, MonoMs>, restMs: MonoMs): Promise<void> {
  const sinceMs = rawMonoMs()
  const delayMs = stage.chance.between(restMs / 2, 2 * restMs)
  for (const id of await stage.submit(2, { ms: 10, delayMs })) put.set(id, sinceMs)
}

/** What was put off began when the clock of the master first showed its time. */
function followsClock({ stored, signs }: History, put: ReadonlyMap<string, MonoMs>, clock: WallClock): Verdict {
  const starts = new Map(livesOf(signs).map(({ task, startMs }) => [task, startMs]))
  const against = [...put].flatMap(([id, sinceMs]) => {
    const [task, startMs] = [stored.get(id), starts.get(id)]
    if (task === undefined || startMs === undefined) return [`task ${id} has not begun`]
    const lateMs = startMs - clock.reaches(task.runAt, sinceMs)
    if (lateMs >= -BLUR_MS && lateMs <= LATE_MS_MAX) return []
    return [`task ${id} began ${Math.round(Math.abs(lateMs))} ms ${lateMs < 0 ? 'before' : 'after'} its time`]
  })
  return verdict('P20', `${put.size} tasks that were put off began when the clock of the master said so`, against)
}
