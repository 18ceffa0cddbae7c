// Whose fault the death of a host is, where it was killed from outside (P11): what dies beside it within 5 s excuses it.
import t from 'tap'
import { Life } from './life.js'

const KILLED = {
  outcome: 'returned',
  reason: 'neighbour',
  started: true,
  suspect: true,
  error: { signal: 'SIGKILL' },
} as const
const CHARGED = { outcome: 'failed', final: false, error: { code: 'host_died', signal: 'SIGKILL' } }

/** A suspect that runs alone in a host of its own, beside an ordinary task. */
function alone(config = {}) {
  const life = new Life({ slots: 2, ...config })
  const main = life.meet()
  life.assign('neighbour', { lease: 's', suspect: true })
  const solo = life.hostReady()
  life.began('neighbour', 's')
  life.until(life.now + 20_000)
  return { life, main, solo }
}

t.test('a host that is killed alone is charged, once the master has confirmed what came later', async (t) => {
  const { life, solo } = alone()
  const diedAt = life.now
  life.hostEnds(solo)
  t.match(life.sent('host-died'), [{ list: [{ id: 'task-s', lease: 's' }] }])
  life.until(diedAt + 4_990)
  t.equal(life.settlementOf('s'), undefined)
  life.until(diedAt + 8_000)
  t.match(life.settlementOf('s'), CHARGED)
})

t.test('its slot is free meanwhile', async (t) => {
  const { life, solo } = alone()
  life.hostEnds(solo)
  life.assign('next')
  t.ok(life.running.includes('next'))
})

t.test('a master that does not confirm has not lived: nobody is charged', async (t) => {
  const { life, solo } = alone()
  life.hostEnds(solo)
  life.until(life.now + 4_000)
  life.masterAnswers = false
  life.until(life.now + 6_000)
  t.equal(life.settlementOf('s')?.outcome, 'returned', 'it was silent for 5 s')
})

const DEATHS: Record<string, (stage: ReturnType<typeof alone>) => void> = {
  'another host of this worker': ({ life, main }) => life.hostEnds(main),
  'one of another worker of the machine': ({ life }) => life.hear({ type: 'died-beside' }),
  'the master': ({ life }) => {
    life.post({ kind: 'closed', session: life.session, reason: 'read ECONNRESET' })
    life.open('m#2')
    life.welcome([], 'm#2')
  },
}
for (const [who, dies] of Object.entries(DEATHS)) {
  t.test(`${who} dies 4.9 s after it: nobody is charged`, async (t) => {
    const stage = alone()
    stage.life.hostEnds(stage.solo)
    stage.life.until(stage.life.now + 4_900)
    dies(stage)
    t.match(stage.life.settlementOf('s'), KILLED)
  })

  t.test(`${who} died 4.9 s before it: nobody is charged`, async (t) => {
    const stage = alone()
    dies(stage)
    stage.life.until(stage.life.now + 4_900)
    stage.life.hostEnds(stage.solo)
    t.match(stage.life.settlementOf('s'), KILLED)
  })

  t.test(`${who} died 7 s before it: that has nothing to do with it`, async (t) => {
    const stage = alone()
    dies(stage)
    stage.life.until(stage.life.now + 7_000)
    stage.life.hostEnds(stage.solo)
    stage.life.until(stage.life.now + 8_000)
    t.match(stage.life.settlementOf('s'), CHARGED)
  })
}

t.test('killed while there is no master: who would tell what else died?', async (t) => {
  const { life, solo } = alone()
  life.post({ kind: 'closed', session: life.session, reason: 'cut' })
  life.until(life.now + 7_000)
  life.hostEnds(solo)
  life.open('m#2')
  life.welcome([], 'm#2')
  t.match(life.settlementOf('s'), KILLED)
})

t.test('killed when it has just come: what died before that it was not told', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.until(5_000)
  life.hostEnds(host)
  t.match(life.settlementOf('a'), KILLED)
})

t.test('what code does to its own process is its own doing, whatever dies beside it', async (t) => {
  for (const how of [{ exitCode: 1 }, { signal: 'SIGABRT' }]) {
    const { life, main, solo } = alone()
    life.hostEnds(main)
    life.hostEnds(solo, how)
    t.match(life.settlementOf('s'), { outcome: 'failed', error: { code: 'host_died', ...how } })
  }
})

t.test('a host that the worker ended itself excuses nobody', async (t) => {
  const { life, solo } = alone({ slots: 3 })
  life.assign({ lease: 'other', suspect: true })
  const second = life.hostReady()
  life.began('other')
  life.says('other')
  life.hostEnds(second)
  life.hostEnds(solo)
  life.until(life.now + 8_000)
  t.match(life.settlementOf('s'), CHARGED)
})

t.test('a cancel or a drain meanwhile settles it at once', async (t) => {
  const cancelled = alone()
  cancelled.life.hostEnds(cancelled.solo)
  cancelled.life.hear({ type: 'cancel', list: [{ id: 'task-s', lease: 's', reason: 'cancelled' }] })
  t.match(cancelled.life.settlementOf('s'), { outcome: 'cancelled' })
  const drained = alone()
  drained.life.hostEnds(drained.solo)
  drained.life.post({ kind: 'drain', graceMs: 30_000 })
  t.match(drained.life.settlementOf('s'), KILLED)
})
