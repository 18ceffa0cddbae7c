// The modules anew while tasks run: a host beside the old one, and whatever may happen meanwhile.
import t from 'tap'
import { Life, TYPES } from './life.js'

/** Asked by the master. @returns the host that starts */
function asked(life: Life, re = 1): number {
  const before = life.all('spawn').length
  life.hear({ type: 'reload', re })
  t.equal(life.all('spawn').length, before + 1)
  return life.last('spawn').host
}

t.test('new work goes to the new host once it is ready, and the old one ends when it is empty', async (t) => {
  const life = new Life()
  const old = life.meet()
  life.assign('a')
  life.began('a')
  const next = asked(life)
  life.assign('b')
  t.equal(life.hostOf('b'), old, 'until then the old code takes what comes')
  life.began('b')
  life.says('b')
  t.same(life.all('kill'), [])
  life.hostReady(next)
  t.same(life.sent('reloaded'), [{ type: 'reloaded', re: 1 }])
  life.assign('c')
  t.equal(life.hostOf('c'), next)
  t.same(life.all('kill'), [], 'a task still runs in the old one')
  life.says('a')
  t.match(life.settlementOf('a'), { outcome: 'completed' })
  t.same(life.all('kill'), [{ kind: 'kill', host: old }])
  life.hostEnds(old)
  t.equal(life.all('spawn').length, 2, 'nothing starts in its place')
  life.began('c')
  life.says('c')
  t.match(life.settlementOf('c'), { outcome: 'completed' })
})

t.test('an old host that is empty ends at once', async (t) => {
  const life = new Life()
  const old = life.meet()
  life.hostReady(asked(life))
  t.same(life.all('kill'), [{ kind: 'kill', host: old }])
})

t.test('modules that cannot be loaded: told, and the old host stays in service', async (t) => {
  const life = new Life()
  const old = life.meet()
  const next = asked(life)
  life.post({ kind: 'host-unfit', host: next, message: './tasks.ts:3:1: wrong' })
  life.hostEnds(next, { exitCode: 1 })
  t.same(life.sent('reloaded'), [{ type: 'reloaded', re: 1, problem: './tasks.ts:3:1: wrong' }])
  t.ok(life.all('log').some(({ entry }) => entry.level === 'error' && entry.text.includes('./tasks.ts:3:1: wrong')))
  life.assign('a')
  t.equal(life.hostOf('a'), old)
  t.equal(life.all('spawn').length, 2)
  life.hostReady(asked(life, 2))
  t.match(life.sent('reloaded').at(-1), { re: 2 }, 'mended')
})

t.test('asked again meanwhile: another one starts, and both are answered by it', async (t) => {
  const life = new Life()
  life.meet()
  const first = asked(life, 1)
  const second = asked(life, 2)
  t.same(life.all('kill'), [{ kind: 'kill', host: first }])
  life.post({ kind: 'host-ready', host: first, types: TYPES })
  life.hostEnds(first)
  t.same(life.sent('reloaded'), [])
  life.hostReady(second)
  t.same(
    life.sent('reloaded').map(({ re }) => re),
    [1, 2],
  )
  life.assign('a')
  t.equal(life.hostOf('a'), second)
})

t.test('the old host dies meanwhile: its task goes back, and the next host is the main one', async (t) => {
  const life = new Life()
  const old = life.meet()
  life.assign('a')
  life.began('a')
  const next = asked(life)
  life.hostEnds(old, { exitCode: 1 })
  t.match(life.settlementOf('a'), { outcome: 'failed', error: { code: 'host_died' } })
  t.equal(life.all('spawn').length, 2, 'the next one is on its way already')
  life.assign('b')
  t.same(life.running, ['a'])
  life.hostReady(next)
  t.equal(life.hostOf('b'), next)
})

t.test('both die meanwhile: the reload failed, and a main host starts', async (t) => {
  const life = new Life()
  const old = life.meet()
  const next = asked(life)
  life.hostEnds(old)
  life.hostEnds(next)
  t.match(life.sent('reloaded'), [{ re: 1, problem: /SIGKILL/ }])
  life.until(life.now + 1_000)
  t.equal(life.all('spawn').length, 3)
})

t.test('types that changed are told, and what waits for one that is gone goes back', async (t) => {
  const life = new Life({ slots: 1 })
  life.meet()
  life.assign('a', { lease: 'b', type: 'brief' })
  life.began('a')
  const next = asked(life)
  life.well.add(next)
  life.post({ kind: 'host-ready', host: next, types: [{ type: 'work' }] })
  t.same(life.sent('serves'), [{ type: 'serves', types: [{ type: 'work' }] }])
  t.match(life.settlementOf('b'), { outcome: 'returned', reason: 'unserved', started: false })
})

t.test('types that changed before the master has answered the registration are told behind it', async (t) => {
  const life = new Life()
  life.hostReady()
  life.post({ kind: 'reload' })
  const next = life.last('spawn').host
  life.open()
  life.well.add(next)
  life.post({ kind: 'host-ready', host: next, types: [{ type: 'new' }] })
  t.match(life.sent('register'), [{ types: TYPES }])
  t.same(life.sent('serves'), [{ type: 'serves', types: [{ type: 'new' }] }])
})

t.test('a limit is the one of the code that runs', async (t) => {
  const life = new Life()
  const old = life.meet()
  life.assign({ lease: 'a', type: 'brief' })
  life.began('a')
  const next = asked(life)
  life.well.add(next)
  life.post({ kind: 'host-ready', host: next, types: [{ type: 'work' }] })
  life.until(life.now + 1_000)
  t.match(life.last('abort'), { host: old, leaseId: 'a', reason: 'timeout' })
  life.says('a')
  t.match(life.settlementOf('a'), { error: { message: /limit of 1s/ } })
})

t.test('a drain meanwhile: nobody waits for new code, and what runs finishes', async (t) => {
  const life = new Life()
  life.meet()
  life.assign('a')
  life.began('a')
  const next = asked(life)
  life.hear({ type: 'drain', graceMs: 10_000 })
  t.match(life.sent('reloaded'), [{ re: 1, problem: /drains/ }])
  t.same(life.all('kill'), [{ kind: 'kill', host: next }])
  life.hear({ type: 'reload', re: 2 })
  t.match(life.sent('reloaded').at(-1), { re: 2, problem: /drains/ })
  life.says('a')
  life.recordAll()
  t.match(life.last('exit'), { code: 0 })
})

t.test('the end of the lease meanwhile: all hosts end, and who asked is not there to be told', async (t) => {
  const life = new Life()
  life.meet()
  asked(life)
  life.masterAnswers = false
  life.post({ kind: 'closed', session: life.session, reason: 'test' })
  life.until(life.now + 13_000)
  t.equal(life.all('kill').length, 2)
  t.same(life.sent('reloaded'), [])
})

t.test('a change on disk asks without a master', async (t) => {
  const life = new Life()
  life.hostReady()
  life.post({ kind: 'reload' })
  const next = life.last('spawn').host
  life.hostReady(next)
  t.ok(life.all('log').some(({ entry }) => entry.text.includes('loaded anew')))
})
