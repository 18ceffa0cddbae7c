// What keys and answers make of what `dtr top` knows.
import t from 'tap'
import { healthOf } from '../../../src/cli/top/health.js'
import { Rates } from '../../../src/cli/top/rates.js'
import { initialState, rowsOf, selectedIndex, step } from '../../../src/cli/top/state.js'
import { failed, key, press, running, START_MS, snapshot, stateOf, worker } from './made.js'

const one = snapshot({
  workers: [worker('w1', { running: 2 }), worker('w2')],
  running: [running('t1', 'w1'), running('t2', 'w1', { grantedAt: START_MS - 1_000 })],
  failed: [failed('t9', 'no such file')],
})

t.test('nothing is cancelled or retried without a yes to a question that names it', async (t) => {
  const state = stateOf(one)
  t.match(press(state, 'c').notice?.text, /no task is marked/)
  const marked = press(state, 'down')
  const asked = press(marked, 'c')
  t.match(asked.question, { act: 'cancel', id: 't1', what: 'resize' })
  for (const no of ['n', 'escape', 'return', 'c', 'q']) {
    const { state, effects } = step(asked, START_MS, key(no))
    t.same(effects, [], no)
    t.equal(state.question, undefined)
  }
  t.same(step(asked, START_MS, key('y')).effects, [{ kind: 'act', act: 'cancel', id: 't1' }])

  // The task that was asked about ends meanwhile, and the marker is on another one.
  const moved = step(asked, START_MS, { kind: 'polled', snapshot: { ...one, running: one.running.slice(1) } }).state
  t.same(step(moved, START_MS, key('y')).effects, [{ kind: 'act', act: 'cancel', id: 't1' }])
})

t.test('only what makes sense is asked about', async (t) => {
  const state = stateOf(one)
  t.match(press(state, 'down', 'r').notice?.text, /only what failed or was cancelled is retried/)
  const onFailed = press(state, 'tab')
  t.match(press(onFailed, 'c').notice?.text, /failed already/)
  t.match(press(onFailed, 'r').question, { act: 'retry', id: 't9' })
  t.match(press(state, 'down', 'down', 'down', 'c').notice?.text, /no task is marked/, 'a worker that is idle')
})

t.test('the marker stays on its row, and where that is gone at its place', async (t) => {
  const state = press(stateOf(one), 'down', 'down')
  const at = (now: typeof state) => rowsOf(now)[selectedIndex(now, rowsOf(now))!]?.key
  t.equal(at(state), 'running t2')
  const more = { ...one, running: [running('t0', 'w1', { grantedAt: START_MS - 50_000 }), one.running[1]!] }
  t.equal(at(step(state, START_MS, { kind: 'polled', snapshot: more }).state), 'running t2')
  const less = { ...one, running: [] }
  t.equal(at(step(state, START_MS, { kind: 'polled', snapshot: less }).state), 'worker w2#1')
  t.equal(at(press(state, 'end')), 'failed t9')
  t.equal(at(press(state, 'home', 'up')), 'running t1', 'and no further')
  t.equal(press(state, 'escape').selected, undefined)
})

t.test('a filter is typed, and keys are no commands meanwhile', async (t) => {
  const state = press(stateOf(one), '/', 'q', 'backspace', 'n', 'o', 'space')
  t.equal(state.filter, 'no')
  t.same(step(state, START_MS, key('q')).effects, [])
  const kept = press(state, 'return')
  t.same(
    rowsOf(kept).map(({ key }) => key),
    ['failed t9'],
  )
  t.equal(press(kept, 'escape').filter, '')
  t.same(step(kept, START_MS, key('q')).effects, [{ kind: 'quit' }])
  t.same(step(state, START_MS, key('ctrl-c')).effects, [{ kind: 'quit' }], 'this always leaves')
})

t.test('a task is looked at, and what comes of another one is not shown', async (t) => {
  const { state, effects } = step(press(stateOf(one), 'down'), START_MS, key('return'))
  t.same(effects, [{ kind: 'look', id: 't1' }])
  t.equal(
    step(state, START_MS, { kind: 'looked', id: 't2', task: undefined, logs: [] }).state.looking?.problem,
    undefined,
  )
  t.match(
    step(state, START_MS, { kind: 'looked', id: 't1', task: undefined, logs: [] }).state.looking?.problem,
    /no such task/,
  )
  t.equal(press(state, 'end', 'up').looking?.scroll, 19, 'the end is the end of what was shown')
  t.equal(press(state, 'escape').looking, undefined)
})

t.test('a worker that is not there any more is shown for a minute, also how it went', async (t) => {
  const gone = stateOf(one, snapshot({ atMs: START_MS + 1_000, workers: [worker('w2', { state: 'draining' })] }))
  t.match(healthOf(gone), { word: 'degraded', why: /w1 is gone/ })
  t.match(gone.gone.get('w1'), { cutOff: true, atMs: START_MS + 1_000 })
  const left = stateOf(
    ...[one, snapshot({ atMs: START_MS + 1_000, workers: [worker('w1'), worker('w2', { state: 'draining' })] })],
    snapshot({ atMs: START_MS + 2_000, workers: [worker('w1')] }),
  )
  t.match(left.gone.get('w2'), { cutOff: false })
  t.match(healthOf(left), { word: 'healthy' })
  const later = step(gone, START_MS + 62_000, {
    kind: 'polled',
    snapshot: snapshot({ atMs: START_MS + 62_000, workers: [worker('w2')] }),
  })
  t.equal(later.state.gone.size, 0)
  const back = step(gone, START_MS + 2_000, {
    kind: 'polled',
    snapshot: snapshot({ atMs: START_MS + 2_000, workers: [worker('w1'), worker('w2')] }),
  })
  t.match(healthOf(back.state), { word: 'healthy', why: '2 workers ready' })
})

t.test('health in one word, with the reason', async (t) => {
  t.equal(healthOf(initialState(START_MS, '/')).word, 'connecting')
  t.match(healthOf(stateOf(one)), { word: 'healthy', why: '2 workers ready' })
  t.match(healthOf(step(stateOf(one), START_MS + 5_000, { kind: 'tick' }).state), {
    word: 'unreachable',
    why: /for 5s/,
  })
  const { status } = one
  const told = (about: Partial<typeof status>) => healthOf(stateOf({ ...one, status: { ...status, ...about } }))
  t.match(told({ workers: [] }), { word: 'degraded', why: /no worker is ready/ })
  const pending = [{ queue: 'default', type: 'resize', state: 'pending' as const, count: 3 }]
  t.match(told({ workers: [worker('w1', { state: 'lost' })], counts: pending }), { word: 'stalled', why: /w1 is gone/ })
  const encode = [...pending, { queue: 'default', type: 'encode', state: 'pending' as const, count: 1 }]
  t.same(told({ unserved: ['encode'], counts: encode }), {
    word: 'waiting',
    why: '1 task waits: no worker serves encode',
  })
  t.match(told({ workers: [worker('w1'), worker('w2', { state: 'suspect' })] }), {
    word: 'degraded',
    why: /^w2: not heard/,
  })
  t.match(told({ workers: [worker('w1', { running: 1 })] }), {
    word: 'healthy',
    why: '1 worker ready, 1 of 2 slots busy',
  })
  t.match(told({ master: { ...status.master, state: 'stopping' } }), { word: 'stopping' })
  const anew = { ...one, status: { ...status, master: { ...status.master, incarnation: 'master#2' } } }
  t.match(healthOf(stateOf(one, anew)), { word: 'healthy', why: /the master was started anew/ })
})

t.test('rates are what ended within ten seconds, also across a master that was started anew', async (t) => {
  const at = (seconds: number, w1: number, w2 = 0) => ({
    atMs: seconds * 1_000,
    ended: new Map([
      ['w1', w1],
      ['w2', w2],
    ]),
  })
  const two = new Rates().with(at(0, 100)).with(at(1, 120, 10))
  t.equal(new Rates().with(at(0, 100)).all, undefined, 'one look is none')
  t.equal(two.all, 30)
  t.equal(two.of('w1'), 20)
  t.equal(two.of('w3'), 0)
  const anew = two.with(at(2, 5, 2))
  t.equal(anew.all, (30 + 7) / 2)
  t.same(anew.recent(10), [30, 7])
  const quiet = Array.from({ length: 90 }, (_, index) => index + 3).reduce(
    (rates, second) => rates.with(at(second, 5, 2)),
    anew,
  )
  t.equal(quiet.all, 0)
  t.ok(quiet.recent(1_000).length <= 70, 'what is kept is bounded')
})
