// The worker's decisions as named scenarios, in virtual time (design: sections 5 and 6).
import t from 'tap'
import { Life, TIMINGS } from './life.js'

t.test('accepts masters once it knows what it serves, not before', async (t) => {
  const life = new Life()
  t.equal(life.all('spawn').length, 1)
  t.equal(life.all('accept').length, 0)
  life.hostReady()
  t.equal(life.all('accept').length, 1)
})

t.test('modules that cannot be loaded end the worker before it begins', async (t) => {
  const life = new Life()
  life.post({ kind: 'host-unfit', host: 1, message: 'task module /x.js: no default export' })
  life.hostEnds(1, { exitCode: 1 })
  t.match(life.last('exit'), { code: 2, problem: /\/x\.js: no default export/ })
  t.equal(life.machine.nextDeadline(), undefined)
})

t.test('registers with what it holds and is heard from then on', async (t) => {
  const life = new Life()
  life.meet()
  t.match(life.sent('register')[0], { name: 'w', slots: 2, leases: [], draining: false, address: '127.0.0.1:5000' })
  life.assign('a')
  life.until(2_000)
  t.match(life.sent('beat')[0], { n: 1, seen: 1, running: 1, hosts: [{ pid: 101, state: 'ready' }] })
  t.equal(life.sent('beat')[0]?.ailing, undefined)
  life.until(10_000)
  t.same(
    life.sent('beat').map(({ n }) => n),
    [1, 2, 3, 4, 5],
  )
})

t.test('tells `started` before the code can begin, in order, up to its slots', async (t) => {
  const life = new Life()
  life.meet()
  life.clear()
  life.assign('a', 'b', 'c')
  const kinds = life.happened.map(({ effect }) => (effect.kind === 'send' ? effect.message.type : effect.kind))
  t.same(
    kinds.filter((kind) => kind === 'started' || kind === 'run'),
    ['started', 'run'],
  )
  t.same(life.running, ['a', 'b'])
  life.began('a', 'b')
  life.says('a')
  t.same(life.running, ['a', 'b', 'c'])
  t.match(life.settlementOf('a'), { id: 'task-a', outcome: 'completed', result: '1' })
})

t.test('a ballot is asked of the host, and told with the result', async (t) => {
  const life = new Life()
  life.meet()
  life.clear()
  life.assign({ lease: 'a', ballot: true }, 'b')
  const inputs = life.all('run').flatMap(({ attempts }) => attempts)
  t.match(inputs, [{ leaseId: 'a', ballot: true }, { leaseId: 'b' }])
  t.notOk('ballot' in inputs[1]!)
  life.began('a', 'b')
  life.says('a', { kind: 'completed', result: '1', encoding: 'json', ballot: '"x"' })
  life.says('b')
  t.match(life.settlementOf('a'), { outcome: 'completed', result: '1', ballot: '"x"' })
  t.notOk('ballot' in life.settlementOf('b')!)
})

t.test('an assignment that comes twice is held once', async (t) => {
  const life = new Life()
  life.meet()
  life.assign('a')
  life.assign('a')
  life.began('a')
  life.says('a')
  life.assign('a')
  t.same(life.running, ['a'])
})

t.test('a type that it lacks goes back uncharged, and its registration is corrected (P12)', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 'a', type: 'unknown' }, 'b')
  t.match(life.settlementOf('a'), { outcome: 'returned', reason: 'unserved', started: false })
  t.match(life.sent('serves'), [{ types: [{ type: 'work' }, { type: 'brief' }] }])
  t.same(life.running, ['b'])
})

t.test('one master at a time: another is refused while the own one is heard', async (t) => {
  const life = new Life()
  life.meet()
  life.masterAnswers = false
  life.until(4_000)
  life.post({ kind: 'opened', session: 77, master: 'm#2', address: 'x:1' })
  t.match(life.sent('refused'), [{ code: 'owned' }])
  t.match(life.last('close'), { session: 77 })
  life.until(6_000)
  life.post({ kind: 'opened', session: 78, master: 'm#2', address: 'x:1' })
  t.match(life.last('close'), { session: life.session }, 'a silent one is replaced')
  t.equal(life.sent('register').length, 2)
})

t.test('the same master on a new connection replaces the old one at once', async (t) => {
  const life = new Life()
  life.meet()
  life.open()
  t.match(life.last('close'), { session: 1 })
  life.post({ kind: 'closed', session: 1, reason: 'replaced' })
  life.welcome()
  t.equal(life.sent('refused').length, 0)
  t.equal(life.all('log').filter(({ entry }) => entry.text.startsWith('lost the master')).length, 0)
})

t.test('P8: a master that is back within 8 s costs nothing; results made meanwhile are kept', async (t) => {
  const life = new Life({ slots: 3 })
  life.meet()
  life.assign('a', 'b')
  life.began('a', 'b')
  life.post({ kind: 'closed', session: 1, reason: 'gone' })
  life.says('b')
  t.equal(life.settled.length, 0)
  life.until(8_000)
  life.open('m#2')
  t.same(life.sent('register')[1]?.leases, [
    { id: 'task-a', lease: 'a' },
    { id: 'task-b', lease: 'b' },
  ])
  life.welcome([], 'm#2')
  t.match(life.settlementOf('b'), { outcome: 'completed' })
  t.same(life.sent('started')[1]?.list, [{ id: 'task-a', lease: 'a' }], 'told to the new session, too')
  life.until(30_000)
  t.equal(life.all('abort').length, 0)
  t.equal(life.all('kill').length, 0)
  life.says('a')
  t.match(life.settlementOf('a'), { outcome: 'completed' })
})

t.test('nothing begins without a master to tell, nor while it is silent', async (t) => {
  const life = new Life({ slots: 2 })
  life.hostEnds(life.meet(), { exitCode: 1 })
  life.assign('a', 'b')
  life.masterAnswers = false
  life.until(5_500)
  const host = life.hostReady()
  life.until(6_000)
  t.same(life.running, [])
  const { n } = life.sent('beat').at(-1)!
  life.hear({ type: 'heard', n, durable: n })
  t.same(life.running, ['a', 'b'])
  life.hostEnds(host, { exitCode: 1 })
  life.post({ kind: 'closed', session: 1, reason: 'gone' })
  life.until(life.now + 2_000)
  life.hostReady()
  t.same(life.running, ['a', 'b'])
})

t.test('results wait until they are recorded, and what is under way is bounded', async (t) => {
  const life = new Life({ slots: 10 })
  life.meet()
  const leases = Array.from({ length: 10 }, (_, index) => `r${index}`)
  life.assign(...leases)
  life.began(...leases)
  const result = JSON.stringify('x'.repeat(1_000_000))
  for (const lease of leases) life.says(lease, { kind: 'completed', result, encoding: 'json' })
  t.equal(life.settled.length, 2)
  life.recordAll()
  t.equal(life.settled.length, 4)
  for (let round = 0; round < 4; round += 1) life.recordAll()
  t.equal(life.settled.length, 10)
  t.same(life.held, [])
})

t.test('the lease: signal at 10.5 s, kill at 12 s after the last confirmed beat was SENT (P7, P18)', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.until(1_900)
  t.match(life.last('deadline'), { host, at: 12_000 }, 'from the registration')
  life.until(2_000)
  t.match(life.last('deadline'), { host, at: 14_000 }, 'from the beat')
  life.masterAnswers = false
  life.until(12_499)
  t.equal(life.all('abort').length, 0)
  life.until(12_500)
  t.match(life.all('abort'), [{ leaseId: 'a', reason: 'lost' }])
  life.until(13_999)
  t.equal(life.all('kill').length, 0)
  life.until(14_000)
  t.match(life.all('kill'), [{ host }])
  t.match(life.settlementOf('a'), { outcome: 'lost', started: true }, 'offered: the fence decides')
  life.hostEnds(host)
  life.until(25_000)
  t.equal(life.all('spawn').length, 1, 'no code, not even an idle host, without a master')
})

t.test('a lease that is confirmed after the signal goes on', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.masterAnswers = false
  life.until(11_000)
  t.equal(life.all('abort').length, 1)
  life.hear({ type: 'heard', n: 5, durable: 5 })
  life.masterAnswers = true
  life.until(40_000)
  t.equal(life.all('kill').length, 0)
  t.equal(host, life.hostOf('a'))
  life.says('a')
  t.match(life.settlementOf('a'), { outcome: 'completed' })
})

t.test('after the lease was over: a new master gets a new host, and says what is stale', async (t) => {
  const life = new Life({ slots: 2 })
  const host = life.meet()
  life.assign('a', { lease: 'b', suspect: true })
  life.began('a')
  life.post({ kind: 'closed', session: 1, reason: 'gone' })
  life.until(12_000)
  life.hostEnds(host)
  life.clear()
  life.open('m#2')
  t.same(
    life.sent('register')[0]?.leases.map(({ lease }) => lease),
    ['b', 'a'],
    'the one that was cut is named as well, or it would count as never started',
  )
  life.welcome(['a', 'b'], 'm#2')
  t.match(life.settled, [{ lease: 'a', outcome: 'lost' }], 'offered once, to be answered stale')
  life.recordAll('stale')
  t.equal(life.all('spawn').length, 1)
  t.match(life.sent('beat')[0], { ailing: true })
  life.hostReady()
  t.equal(life.sent('beat').at(-1)?.ailing, undefined)
  t.same(life.held, [])
})

t.test('a stall of 20 s: on waking our own lease comes first, before what waits in the socket', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.until(4_000)
  life.stall(20_000)
  const effects = life.post({
    kind: 'host-outcomes',
    host,
    outcomes: [{ leaseId: 'a', outcome: { kind: 'completed', result: '1', encoding: 'json' }, tookMs: 1 }],
  })
  t.ok(effects.some((effect) => effect.kind === 'kill' && effect.host === host))
  t.match(life.settlementOf('a'), { outcome: 'lost' }, 'the late result is none')
  t.equal(life.settled.length, 1)
})

t.test('a stall of ours is not the silence of others', async (t) => {
  const life = new Life()
  life.meet()
  life.until(4_000)
  life.stall(20_000)
  life.well.clear()
  life.post({ kind: 'tick' })
  t.notMatch(life.all('log'), [{ entry: { text: /silent/ } }])
  t.notMatch(
    life.all('log').map(({ entry }) => entry.text),
    [/no sign of life/],
  )
  t.equal(life.all('exit').length, 0)
})

t.test('without a master it leaves after 30 s with code 0, and counts down (P18)', async (t) => {
  const life = new Life()
  life.until(40_000)
  life.hostReady()
  life.until(69_999)
  t.equal(life.all('exit').length, 0, 'while its modules load no master can find it')
  life.until(70_000)
  t.match(life.all('exit'), [{ code: 0 }])
  const lines = life.all('log').map(({ entry }) => entry.text)
  for (const left of ['20s', '10s', '5s']) t.ok(lines.includes(`no master: leaving in ${left}`), left)
})

t.test('the end of the connection is the loss; for a silent master it is its last line', async (t) => {
  const ended = new Life()
  ended.meet()
  ended.until(10_000)
  ended.post({ kind: 'closed', session: 1, reason: 'reset' })
  ended.until(39_999)
  t.equal(ended.all('exit').length, 0)
  ended.until(40_000)
  t.match(ended.all('exit'), [{ code: 0 }])

  const silent = new Life()
  silent.meet()
  silent.until(10_000)
  silent.masterAnswers = false
  silent.until(20_000)
  silent.post({ kind: 'closed', session: 1, reason: 'killed at last' })
  silent.until(39_999)
  t.equal(silent.all('exit').length, 0)
  silent.until(40_000)
  t.match(silent.all('exit'), [{ code: 0 }])
})

t.test('a master that is found again stops the countdown; `never` has none', async (t) => {
  const life = new Life()
  life.hostReady()
  life.until(29_000)
  life.open()
  life.welcome()
  life.until(100_000)
  t.equal(life.all('exit').length, 0)

  const never = new Life({ masterTimeoutMs: undefined })
  never.hostReady()
  never.until(10_000_000)
  t.equal(never.all('exit').length, 0)
})

t.test('a session with a silent master is given up after a lease, so that a new one can be had', async (t) => {
  const life = new Life()
  life.meet()
  life.masterAnswers = false
  life.until(14_999)
  t.equal(life.all('close').length, 0)
  life.until(15_000)
  t.match(life.all('close'), [{ session: 1 }])
  life.until(30_000)
  t.match(life.all('exit'), [{ code: 0 }])
})

t.test('timeout: signal, grace, kill; the guilty fails, the neighbour goes back and is no suspect (P13)', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign({ lease: 'a', timeoutMs: 3_000 }, 'b')
  life.began('a', 'b')
  life.until(3_000)
  t.match(life.all('abort'), [{ leaseId: 'a', reason: 'timeout' }])
  life.until(8_499)
  t.equal(life.all('kill').length, 0, 'a runner that ends code by itself has done so half a second before')
  life.until(8_500)
  t.match(life.all('kill'), [{ host }])
  life.hostEnds(host)
  t.match(life.settlementOf('a'), { outcome: 'failed', final: false, error: { code: 'timeout', message: /3s/ } })
  t.match(life.settlementOf('b'), { outcome: 'returned', reason: 'neighbour', started: true })
  t.notOk('suspect' in (life.settlementOf('b') ?? {}))
  t.equal(life.all('spawn').length, 2)
})

t.test('a timeout is the last attempt where the runner says that another would be in vain', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 'a', type: 'brief' })
  life.began('a')
  life.until(1_000)
  life.says('a', { kind: 'failed', error: { code: 'non_retryable', message: 'told to end' }, final: true })
  t.match(life.settlementOf('a'), { outcome: 'failed', final: true, error: { code: 'timeout' } })
})

t.test('code that ends within the grace is a timeout all the same, and costs no host', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 'a', type: 'brief' })
  life.began('a')
  life.until(1_000)
  life.says('a')
  t.match(life.settlementOf('a'), { outcome: 'failed', error: { code: 'timeout' } })
  life.until(20_000)
  t.equal(life.all('kill').length, 0)
})

t.test('the limit of a task comes before that of its type, and that before the default', async (t) => {
  const life = new Life({ slots: 3, defaultTimeoutMs: 2_000 })
  life.meet()
  life.assign({ lease: 'own', type: 'brief', timeoutMs: 500 }, { lease: 'type', type: 'brief' }, 'default')
  life.began('own', 'type', 'default')
  life.until(10_000)
  const aborts = life.happened.filter(({ effect }) => effect.kind === 'abort')
  t.match(aborts, [
    { at: 500, effect: { leaseId: 'own' } },
    { at: 1_000, effect: { leaseId: 'type' } },
    { at: 2_000, effect: { leaseId: 'default' } },
  ])
})

t.test('a task that has not begun behind one that spins is not timed, and goes to the next host', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign({ lease: 'a', timeoutMs: 10_000 }, { lease: 'b', timeoutMs: 1_000 })
  life.began('a')
  life.until(15_000)
  t.match(life.all('abort'), [{ leaseId: 'a' }])
  life.hostEnds(host)
  t.match(life.settlementOf('a'), { error: { code: 'timeout' } })
  t.equal(life.settlementOf('b'), undefined)
  const next = life.hostReady()
  t.equal(life.hostOf('b'), next)
  t.equal(life.sent('started').flatMap(({ list }) => list).length, 2, '`started` is told once a session')
})

t.test('what was said to begin together is timed as each begins, and not while it waits for another', async (t) => {
  const life = new Life({ slots: 4 })
  const host = life.meet()
  life.assign(...['a', 'b', 'c', 'd'].map((lease) => ({ lease, timeoutMs: 1_000 })))
  life.post({ kind: 'host-began', host, leaseIds: ['a', 'b', 'c', 'd'] })
  life.begun = 2
  life.until(6_600)
  const aborted = life.happened.filter(({ effect }) => effect.kind === 'abort')
  t.match(aborted, [
    { at: 1_000, effect: { leaseId: 'a' } },
    { at: 1_500, effect: { leaseId: 'b' } },
  ])
  t.equal(aborted.length, 2)
  life.hostEnds(host)
  t.match(life.settlementOf('b'), { error: { code: 'timeout' } })
  t.match(life.settlementOf('c'), { outcome: 'returned', reason: 'neighbour' })
})

t.test('what begins later proves that all before it have begun', async (t) => {
  const life = new Life({ slots: 4 })
  const host = life.meet()
  life.assign(...['a', 'b', 'c'].map((lease) => ({ lease, timeoutMs: 1_000 })))
  life.post({ kind: 'host-began', host, leaseIds: ['a', 'b'] })
  life.until(700)
  life.post({ kind: 'host-began', host, leaseIds: ['c'] })
  life.until(5_000)
  const aborted = life.happened.filter(({ effect }) => effect.kind === 'abort')
  t.match(aborted, [
    { at: 1_000, effect: { leaseId: 'a' } },
    { at: 1_700, effect: { leaseId: 'b' } },
    { at: 1_700, effect: { leaseId: 'c' } },
  ])
})

t.test('cancel: what is held ready ends at once, what runs when its code has ended (P14)', async (t) => {
  const life = new Life({ slots: 1 })
  const host = life.meet()
  life.assign('a', 'b')
  life.began('a')
  life.hear({
    type: 'cancel',
    list: [
      { id: 'task-a', lease: 'a', reason: 'cancelled' },
      { id: 'task-b', lease: 'b', reason: 'cancelled' },
    ],
  })
  t.match(life.settled, [{ lease: 'b', outcome: 'cancelled' }])
  t.match(life.all('abort'), [{ leaseId: 'a', reason: 'cancelled' }])
  life.until(5_500)
  t.match(life.all('kill'), [{ host }])
  t.equal(life.settlementOf('a'), undefined)
  life.hostEnds(host)
  t.match(life.settlementOf('a'), { outcome: 'cancelled' })
})

t.test('a lease that a master disowns is ended without a settlement', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a', 'b')
  life.began('a', 'b')
  life.hear({ type: 'cancel', list: [{ id: 'task-a', lease: 'a', reason: 'stale' }] })
  life.says('a')
  t.equal(life.settled.length, 0)
  life.post({ kind: 'closed', session: 1, reason: 'gone' })
  life.open()
  life.welcome(['b'])
  t.match(life.last('abort'), { leaseId: 'b', reason: 'stale' })
  life.until(life.now + 5_000)
  life.hostEnds(host)
  t.equal(life.settled.length, 0)
  t.same(life.held, [])
})

t.test('a host that dies with one task charges it, and says how and what was thrown', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.post({ kind: 'host-uncaught', host, error: { code: 'host_died', message: 'boom', stack: 'at x' } })
  life.hostEnds(host, { exitCode: 1 })
  t.match(life.settlementOf('a'), {
    outcome: 'failed',
    final: false,
    error: { code: 'host_died', exitCode: 1, message: /boom.*exit code 1/, stack: 'at x' },
  })
  t.equal(life.all('spawn').length, 2, 'a new one starts at once')
  t.match(life.sent('beat').at(-1), { ailing: true })
})

t.test('a host that dies with several: none is charged, all are suspects (P11)', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a', 'b')
  life.began('a', 'b')
  life.hostEnds(host, { signal: 'SIGSEGV' })
  for (const lease of ['a', 'b']) {
    t.match(life.settlementOf(lease), { outcome: 'returned', reason: 'neighbour', started: true, suspect: true })
    t.match(life.settlementOf(lease), { error: { signal: 'SIGSEGV' } })
  }
})

t.test('a suspect runs in a host of its own, beside the others, and the host ends with it', async (t) => {
  const life = new Life()
  const main = life.meet()
  life.assign({ lease: 's', suspect: true }, 'a', 'b')
  t.same(life.running, ['a'], 'it has its slot, and keeps nobody from starting')
  const solo = life.hostReady()
  t.not(solo, main)
  t.same(life.running, ['a', 's'])
  life.began('s')
  life.says('s')
  t.match(life.all('kill'), [{ host: solo }])
  t.same(life.running, ['a', 's', 'b'])
  life.hostEnds(solo)
  t.equal(life.all('log').filter(({ entry }) => entry.text.startsWith('host died')).length, 0)
})

t.test('a suspect that takes its own host down is charged', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 's', suspect: true }, 'a')
  const solo = life.hostReady()
  life.began('a', 's')
  life.hostEnds(solo, { signal: 'SIGABRT' })
  t.match(life.settled, [{ lease: 's', outcome: 'failed', error: { code: 'host_died', signal: 'SIGABRT' } }])
})

t.test('a suspect that is cancelled while its host starts ends both', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 's', suspect: true })
  const solo = life.last('spawn').host
  life.hear({ type: 'cancel', list: [{ id: 'task-s', lease: 's', reason: 'cancelled' }] })
  t.match(life.all('kill'), [{ host: solo }])
  t.match(life.settlementOf('s'), { outcome: 'cancelled' })
})

t.test('hosts that die as soon as they start are started less and less often', async (t) => {
  const life = new Life({ masterTimeoutMs: undefined })
  life.hostEnds(life.hostReady(), { exitCode: 1 })
  const spawns: number[] = []
  for (let death = 0; death < 6; death += 1) {
    while (life.all('spawn').length < death + 2) life.until(life.machine.nextDeadline() ?? life.now)
    spawns.push(life.now)
    life.hostEnds(life.last('spawn').host, { exitCode: 1 })
  }
  t.same(
    spawns.map((at, index) => at - (spawns[index - 1] ?? 0)),
    [0, 500, 1_000, 2_000, 5_000, 5_000],
  )
})

t.test('a frozen host: ailing after 5 s, killed at 12 s, its tasks lost at 15 s', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.until(1_000)
  life.well.delete(host)
  life.until(5_999)
  t.notOk(life.sent('beat').some(({ ailing }) => ailing))
  life.until(6_000)
  t.match(life.sent('beat').at(-1), { ailing: true, hosts: [{ state: 'silent' }] })
  life.assign('b')
  t.same(life.running, ['a'])
  life.until(12_999)
  t.equal(life.all('kill').length, 0)
  life.until(13_000)
  t.match(life.all('kill'), [{ host }])
  life.hostEnds(host)
  life.hostReady()
  t.same(life.running, ['a', 'b'])
  life.until(15_999)
  t.equal(life.settlementOf('a'), undefined)
  life.until(16_000)
  t.match(life.settlementOf('a'), { outcome: 'lost', started: true })
})

t.test('a frozen host that goes on in time costs nothing', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.well.delete(host)
  life.until(8_000)
  life.well.add(host)
  life.until(30_000)
  t.equal(life.all('kill').length, 0)
  t.equal(life.sent('beat').at(-1)?.ailing, undefined)
})

t.test('a host that never gets its modules loaded is ended', async (t) => {
  const life = new Life({ masterTimeoutMs: undefined })
  life.well.add(1)
  life.until(59_999)
  t.equal(life.all('kill').length, 0)
  life.until(60_000)
  t.match(life.all('kill'), [{ host: 1 }])
  life.hostEnds(1)
  t.match(life.last('exit'), { code: 2, problem: /did not finish loading within 1m/ })
})

t.test('drain: nothing new, what runs finishes, results are recorded, code 0 (P21)', async (t) => {
  const life = new Life({ slots: 1 })
  life.meet()
  life.assign('a', 'b')
  life.began('a')
  life.post({ kind: 'drain', graceMs: 30_000 })
  t.equal(life.sent('draining').length, 1)
  t.match(life.settled, [{ lease: 'b', outcome: 'returned', reason: 'drain', started: false }])
  life.assign('c')
  t.match(life.settlementOf('c'), { outcome: 'returned', reason: 'drain', started: false })
  life.until(10_000)
  life.says('a')
  t.equal(life.all('exit').length, 0, 'not before it is recorded')
  life.recordAll()
  t.match(life.all('exit'), [{ code: 0 }])
})

t.test('drain: what runs at its end is killed and handed back, code 6', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.hear({ type: 'drain', graceMs: 3_000 })
  life.until(3_000)
  t.match(life.all('kill'), [{ host }])
  life.hostEnds(host)
  t.match(life.settlementOf('a'), { outcome: 'returned', reason: 'drain', started: true })
  life.recordAll()
  t.match(life.all('exit'), [{ code: 6 }])
  t.equal(life.all('spawn').length, 1)
})

t.test('drain: what listens is told before its end, and goes back uncharged, or is done after all', async (t) => {
  const life = new Life({ slots: 3 })
  life.meet()
  life.assign('a', 'b', { lease: 'c', timeoutMs: 7_500 })
  life.began('a', 'b', 'c')
  life.hear({ type: 'drain', graceMs: 8_000 })
  life.until(6_999)
  t.same(life.all('abort'), [])
  life.until(7_000)
  t.match(
    life.all('abort').map(({ leaseId, reason }) => [leaseId, reason]),
    ['a', 'b', 'c'].map((lease) => [lease, 'stopping']),
  )
  life.says('a', { kind: 'failed', error: { code: 'task_failed', message: 'told to end' }, final: true })
  life.says('b')
  t.match(life.settlementOf('a'), { outcome: 'returned', reason: 'drain', started: true })
  t.match(life.settlementOf('b'), { outcome: 'completed' })
  life.until(7_500)
  t.match(life.last('abort'), { leaseId: 'c', reason: 'timeout' }, 'a limit counts all the same')
})

t.test('drain without a master: results wait 2 s for one, and code 6 says that they were lost', async (t) => {
  const life = new Life()
  life.meet()
  life.assign('a')
  life.began('a')
  life.post({ kind: 'closed', session: 1, reason: 'gone' })
  life.post({ kind: 'drain', graceMs: 30_000 })
  life.until(1_000)
  life.says('a')
  life.until(2_999)
  t.equal(life.all('exit').length, 0)
  life.until(3_000)
  t.match(life.all('exit'), [{ code: 6 }])
})

t.test('a second signal ends at once; the code tells whether work was cut', async (t) => {
  const idle = new Life()
  idle.meet()
  idle.post({ kind: 'drain', graceMs: 30_000 })
  t.match(idle.all('exit'), [{ code: 0 }])

  const busy = new Life()
  busy.meet()
  busy.assign('a')
  busy.began('a')
  busy.post({ kind: 'drain', graceMs: 30_000 })
  busy.post({ kind: 'stop' })
  t.match(busy.all('exit'), [{ code: 6 }])
})

t.test('the log has a line a second at most about tasks, and each task at debug', async (t) => {
  const life = new Life({ slots: 50 })
  life.meet()
  const leases = Array.from({ length: 50 }, (_, index) => `l${index}`)
  life.assign(...leases)
  for (const lease of leases) {
    life.began(lease)
    life.until(life.now + 20)
    life.says(lease)
  }
  life.until(life.now + 1_500)
  const lines = life.all('log').filter(({ entry }) => entry.level === 'info' && entry.text.startsWith('tasks: '))
  t.ok(lines.length <= 4, `${lines.length} lines`)
  t.match(lines.at(-1)?.entry.text, /\d+ completed/)
  const completed = life.all('log').filter(({ entry }) => entry.level === 'debug' && entry.text.endsWith(' completed'))
  t.equal(completed.length, 50)
})

t.test('P18: a welcome that took 13 s is no lease to begin on; the beat that follows at once is', async (t) => {
  const life = new Life()
  life.hostReady()
  life.open()
  life.until(13_000)
  life.masterAnswers = false
  const ids = { id: 'task-a', lease: 'a', type: 'work', queue: 'default' }
  const list = [{ ...ids, payload: '1', encoding: 'json' as const, attempt: 1, maxAttempts: 5 }]
  life.hear({ type: 'welcome', master: 'm#1', ...TIMINGS, stale: [] }, { type: 'assign', seq: 1, list })
  t.same(life.running, [])
  life.hear({ type: 'heard', n: 1, durable: 1 })
  life.hostReady()
  t.same(life.running, ['a'])
})

t.test(
  'P8: the registration is the first beat: after a welcome that took 9 s the next one is due at once',
  async (t) => {
    const life = new Life()
    const host = life.meet()
    life.assign('a')
    life.began('a')
    life.open()
    life.masterAnswers = false
    life.until(9_000)
    life.well.add(host)
    life.masterAnswers = true
    life.clear()
    life.welcome()
    life.until(9_001)
    t.equal(life.sent('beat').length, 1)
    life.until(12_500)
    t.same(life.all('abort'), [])
  },
)
