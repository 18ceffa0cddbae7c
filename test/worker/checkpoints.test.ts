// Checkpoints between the code and the master, in virtual time: one of an attempt under way at a time, told again in each new
// session, answered to the code that waits for them (P5, P8).
import t from 'tap'
import type { CheckpointAnswer } from '../../src/worker/events.js'
import { Checkpoints } from '../../src/worker/host/checkpoints.js'
import { Life } from './life.js'

class Keeper extends Life {
  keeps(leaseId: string, n: number, value = `${n}`): void {
    this.post({ kind: 'host-checkpoints', host: this.hostOf(leaseId), checkpoints: [{ leaseId, n, value }] })
  }

  answer(lease: string, n: number, status: 'recorded' | 'stale' | 'busy' = 'recorded'): void {
    this.hear({ type: 'checkpointed', list: [{ lease, n, status }] })
  }

  /** `a1`: the first of lease a. */
  get told(): string[] {
    return this.sent('checkpoints').flatMap(({ list }) => list.map(({ lease, n }) => `${lease}${n}`))
  }

  get answers(): CheckpointAnswer[] {
    return this.all('checkpointed').map(({ answer }) => answer)
  }
}

function running(...leases: string[]): Keeper {
  const life = new Keeper({ slots: 4 })
  life.meet()
  life.assign(...leases)
  life.began(...leases)
  return life
}

t.test('one of an attempt is under way, and the last that came meanwhile follows', async (t) => {
  const life = running('a', 'b')
  life.keeps('a', 1)
  life.keeps('a', 2)
  life.keeps('a', 3)
  life.keeps('b', 1)
  t.same(life.told, ['a1', 'b1'])
  t.match(life.sent('checkpoints')[0], { list: [{ id: 'task-a', lease: 'a', n: 1, value: '1' }] })
  life.answer('a', 1)
  t.same(life.told, ['a1', 'b1', 'a3'])
  t.same(life.answers, [{ leaseId: 'a', n: 1, status: 'recorded' }])
})

t.test('a new session is told again what was not answered; what was is not', async (t) => {
  const life = running('a', 'b')
  life.keeps('a', 1)
  life.keeps('b', 1)
  life.answer('b', 1)
  life.post({ kind: 'closed', session: 1, reason: 'gone' })
  life.keeps('b', 2)
  t.same(life.told, ['a1', 'b1'])
  life.open('m#2')
  t.same(life.told, ['a1', 'b1'], 'not before it is welcome')
  life.welcome([], 'm#2')
  t.same(life.told, ['a1', 'b1', 'a1', 'b2'])
})

t.test('a master without room is asked again with the next beat; its code hears nothing of that', async (t) => {
  const life = running('a')
  life.keeps('a', 1)
  life.answer('a', 1, 'busy')
  life.until(life.now + 1_000)
  t.same(life.told, ['a1'])
  life.until(life.now + 1_500)
  t.same(life.told, ['a1', 'a1'])
  t.same(life.answers, [])
})

t.test('code is told that its lease is over, or that the master knows no checkpoints', async (t) => {
  const life = running('a', 'b')
  life.keeps('a', 1)
  life.answer('a', 1, 'stale')
  life.keeps('b', 1)
  life.hear({ type: 'unsupported', what: 'checkpoints' })
  t.same(life.answers, [
    { leaseId: 'a', n: 1, status: 'stale' },
    { leaseId: 'b', n: 1, status: 'unsupported' },
  ])
})

t.test('what is under way is bounded, and nothing of an attempt is left when it has ended', async (t) => {
  const leases = ['a', 'b', 'c', 'd']
  const life = running(...leases)
  const large = `"${'x'.repeat(700_000)}"`
  for (const lease of leases) life.keeps(lease, 1, large)
  t.same(life.told, ['a1'])
  life.says('b')
  life.says('a')
  t.same(life.told, ['a1', 'c1'])
  life.answer('a', 1)
  t.same(life.answers, [])
  life.post({ kind: 'closed', session: 1, reason: 'gone' })
  life.open('m#2')
  life.welcome(['c'], 'm#2')
  t.same(life.told, ['a1', 'c1', 'c1'])
  life.says('c')
  t.same(life.told, ['a1', 'c1', 'c1', 'd1'])
})

t.test('only the host that runs the code may say how far it came', async (t) => {
  const life = running('a')
  const checkpoints = [{ leaseId: 'a', n: 1, value: '1' }]
  life.post({ kind: 'host-checkpoints', host: life.hostOf('a') + 1, checkpoints })
  life.post({ kind: 'host-checkpoints', host: life.hostOf('a'), checkpoints: [{ leaseId: 'x', n: 1, value: '1' }] })
  t.same(life.told, [])
})

t.test('the next attempt is handed what was kept', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 'a', attempt: 2, checkpoint: '{"at":7}' }, 'b')
  const inputs = life.all('run').flatMap(({ attempts }) => attempts)
  t.same(
    inputs.map(({ checkpoint }) => checkpoint),
    ['{"at":7}', undefined],
  )
})

t.test('in the host: those that come while one is under way are one, and resolve together', async (t) => {
  const said: string[] = []
  const checkpoints = new Checkpoints(({ n, value }) => said.push(`${n}: ${value}`))
  const first = checkpoints.keep('a', '1')
  const [second, third] = [checkpoints.keep('a', '2'), checkpoints.keep('a', '3')]
  t.same(said, ['1: 1'])
  checkpoints.answered({ leaseId: 'a', n: 1, status: 'recorded' })
  await first
  t.same(said, ['1: 1', '3: 3'])
  checkpoints.answered({ leaseId: 'a', n: 3, status: 'stale' })
  await t.rejects(second, { code: 'stale' })
  await t.rejects(third, { code: 'stale' })
})

t.test('in the host: what is too large, or half a character, is refused at once and costs nothing', async (t) => {
  const said: string[] = []
  const checkpoints = new Checkpoints(({ value }) => said.push(value))
  const limit = 262_144
  t.throws(() => checkpoints.keep('a', 'x'.repeat(limit + 1)), { code: 'too_large', message: new RegExp(`${limit}`) })
  t.throws(() => checkpoints.keep('a', 'ä'.repeat(limit / 2 + 1)), { code: 'too_large' })
  t.throws(() => checkpoints.keep('a', '"\ud800"'), { code: 'bad_input' })
  t.same(said, [])
  void checkpoints.keep('a', 'x'.repeat(limit))
  t.equal(said.length, 1)
})

t.test('in the host: what nobody waits for harms nobody when its attempt ends', async (t) => {
  const checkpoints = new Checkpoints(() => {})
  void checkpoints.keep('a', '1')
  const last = checkpoints.keep('a', '2')
  checkpoints.ended('a')
  await t.rejects(last, { code: 'stale', message: /has ended/ })
  checkpoints.answered({ leaseId: 'a', n: 1, status: 'recorded' })
})
