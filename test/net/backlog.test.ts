// P23: what waits in all sessions together is bounded; who holds the most goes.
import t from 'tap'
import { Backlog, type Holder } from '../../src/net/backlog.js'

const KIB = 1024

class Held implements Holder {
  cut: string | undefined
  constructor(
    private readonly backlog: Backlog,
    public heldBytes = 0,
  ) {}

  grow(kib: number): void {
    this.heldBytes = kib * KIB
    this.backlog.grown(this)
  }

  destroy(reason: string): void {
    this.cut = reason
    this.heldBytes = 0
    this.backlog.gone(this)
  }
}

t.test('of all that wait the one that holds the most is cut, and no other', async (t) => {
  const backlog = new Backlog(1_000 * KIB)
  const [small, large, middle] = [new Held(backlog), new Held(backlog), new Held(backlog)]
  small.grow(200)
  large.grow(500)
  middle.grow(300)
  t.same([small.cut, large.cut, middle.cut], [undefined, undefined, undefined], 'at the limit')
  small.grow(201)
  t.match(large.cut, /wait in all connections/)
  t.same([small.cut, middle.cut], [undefined, undefined])
})

t.test('of those that hold the same the one goes that has held it for longest', async (t) => {
  const backlog = new Backlog(1_000 * KIB)
  const [first, second, last] = [new Held(backlog), new Held(backlog), new Held(backlog)]
  for (const one of [first, second, last]) one.grow(400)
  t.match(first.cut, /wait/)
  t.same([second.cut, last.cut], [undefined, undefined])
})

t.test("a share of 64 KiB is everybody's, and what was read or has gone does not count", async (t) => {
  const backlog = new Backlog(1_000 * KIB)
  const many = Array.from({ length: 1_000 }, () => new Held(backlog))
  for (const one of many) one.grow(64)
  const [gone, read, late] = [new Held(backlog), new Held(backlog), new Held(backlog)]
  gone.grow(600)
  backlog.gone(gone)
  read.grow(600)
  read.heldBytes = 0
  late.grow(900)
  t.same(
    [...many, gone, read, late].filter(({ cut }) => cut !== undefined),
    [],
  )
})
