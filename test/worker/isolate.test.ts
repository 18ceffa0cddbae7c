// A host for each slot (`isolate`): no task shares a process with another, and what ends one costs no neighbour.
import t from 'tap'
import { Life } from './life.js'

const isolated = (slots: number): Life => new Life({ slots, isolate: true })

/** Starts `a` and `b`, each in its host. */
function two(life: Life): { main: number; own: number } {
  const main = life.meet()
  life.assign('a', 'b')
  const own = life.hostReady()
  life.began('a', 'b')
  return { main, own }
}

t.test('each slot gets a host when it is needed, and hosts are used again', async (t) => {
  const life = isolated(2)
  const main = life.meet()
  t.equal(life.all('spawn').length, 1)
  life.assign('a')
  t.equal(life.hostOf('a'), main, 'the first slot is that of the host that is there')
  life.began('a')
  life.assign('b', 'c')
  t.equal(life.all('spawn').length, 2)
  t.same(life.running, ['a'], 'b waits for its host')
  const own = life.hostReady()
  t.equal(life.hostOf('b'), own)
  life.began('b')
  life.says('a')
  t.equal(life.hostOf('c'), main)
  life.says('b')
  life.assign('d')
  t.equal(life.hostOf('d'), own)
  t.equal(life.all('spawn').length, 2, 'never more hosts than slots')
  t.same(life.all('kill'), [], 'and none ends because it is empty')
})

t.test('a limit that is not kept to costs one host, and no neighbour (P13)', async (t) => {
  const life = isolated(2)
  const main = life.meet()
  life.assign({ lease: 'a', timeoutMs: 1_000 }, 'b')
  const own = life.hostReady()
  life.began('a', 'b')
  life.until(6_500)
  t.match(life.all('kill'), [{ host: main }])
  life.hostEnds(main)
  t.match(life.settlementOf('a'), { outcome: 'failed', error: { code: 'timeout' } })
  t.equal(life.settlementOf('b'), undefined)
  life.says('b')
  t.match(life.settlementOf('b'), { outcome: 'completed' })
  t.equal(life.hostOf('b'), own)
})

t.test('a host that dies is one task alone: charged at once where the code ended it (P11)', async (t) => {
  const life = isolated(2)
  const { main } = two(life)
  life.hostEnds(main, { signal: 'SIGSEGV' })
  t.match(life.settlementOf('a'), { outcome: 'failed', error: { code: 'host_died', signal: 'SIGSEGV' } })
  t.equal(life.settlementOf('b'), undefined)
})

t.test('while one host is well the worker is not ailing', async (t) => {
  const life = isolated(2)
  const { main } = two(life)
  life.clear()
  life.hostEnds(main)
  t.same(
    life.sent('beat').filter(({ ailing }) => ailing === true),
    [],
  )
})

t.test('new code: all hosts before it are old, and end when they are empty', async (t) => {
  const life = isolated(2)
  const { main, own } = two(life)
  life.hear({ type: 'reload', re: 1 })
  const next = life.hostReady()
  life.says('a')
  life.says('b')
  t.same(
    life.all('kill').map(({ host }) => host),
    [main, own],
  )
  life.assign('c')
  t.equal(life.hostOf('c'), next)
})
