// What attempts tell while they run: to the master as seldom as will do, and none of it where nothing was told.
import t from 'tap'
import type { TaskReport, WorkerMessage } from '../../src/protocol/messages.js'
import { Life } from './life.js'

function running(...leases: string[]) {
  const life = new Life({ slots: Math.max(2, leases.length) })
  life.meet()
  life.assign(...leases)
  life.began(...leases)
  const reports = (): TaskReport[] =>
    life.happened.flatMap(({ effect }) =>
      effect.kind === 'send' && isProgress(effect.message) ? effect.message.list : [],
    )
  const report = (leaseId: string, told: { percent?: number; text?: string; at?: number }): void => {
    const { percent, text, at = 0 } = told
    const progress = percent === undefined ? {} : { progress: { percent } }
    const log = text === undefined ? {} : { log: { at, text } }
    life.post({ kind: 'host-reports', host: life.hostOf(leaseId), list: [{ leaseId, ...progress, ...log }] })
  }
  return { life, reports, report }
}

function isProgress(message: WorkerMessage): message is Extract<WorkerMessage, { type: 'progress' }> {
  return message.type === 'progress'
}

t.test('where nobody watches, progress goes once a second and what is said not at all', async (t) => {
  const { life, reports, report } = running('a')
  for (let percent = 0; percent < 50; percent += 1) {
    life.until(life.now + 100)
    report('a', { percent, text: 'x', at: percent })
  }
  t.ok(reports().length >= 4 && reports().length <= 6, `${reports().length} in 5 s`)
  t.notOk(reports().some(({ log }) => log !== undefined))
  life.until(life.now + 1_000)
  t.same(reports().at(-1), { id: 'task-a', lease: 'a', percent: 49 }, 'the last one arrives')
  life.until(life.now + 10_000)
  t.equal(reports().at(-1)?.percent, 49)
  t.ok(reports().length <= 7, 'once')
})

t.test('where somebody watches all of it goes as it comes, after what was said before', async (t) => {
  const { life, reports, report } = running('a', 'b')
  report('a', { text: 'before\n' })
  life.hear({ type: 'follow', list: ['a', 'b', 'gone'].map((lease) => ({ id: `task-${lease}`, lease, on: true })) })
  t.same(reports(), [
    { id: 'task-a', lease: 'a', log: { at: 0, text: 'before\n' } },
    { id: 'task-b', lease: 'b', log: { at: 0, text: '' } },
  ])
  report('a', { percent: 3, text: 'now\n', at: 7 })
  t.same(reports().at(-1), { id: 'task-a', lease: 'a', percent: 3, log: { at: 7, text: 'now\n' } })
  life.hear({ type: 'follow', list: [{ id: 'task-a', lease: 'a', on: true }] })
  t.same(reports().at(-1)?.log, { at: 0, text: 'before\nnow\n' }, 'another watches: all that is kept')
  life.hear({ type: 'follow', list: [{ id: 'task-a', lease: 'a', on: false }] })
  const before = reports().length
  report('a', { text: 'unheard', at: 11 })
  t.equal(reports().length, before)
})

t.test('what was said goes with the settlement, and only where something was', async (t) => {
  const { life, report } = running('a', 'b')
  report('a', { text: 'all of it' })
  life.says('a', { kind: 'failed', error: { code: 'task_failed', message: 'no' }, final: false })
  life.says('b')
  t.match(life.settled, [{ lease: 'a', log: { at: 0, text: 'all of it' } }, { lease: 'b' }])
  t.notOk('log' in life.settled[1]!)
})

t.test(
  'what it said is kept also where its host dies, and of one that was not begun nothing is believed',
  async (t) => {
    const { life, report, reports } = running('a')
    life.assign('c')
    report('a', { text: 'last words', percent: 1 })
    report('c', { percent: 9, text: 'a lie' })
    life.hostEnds(life.hostOf('a'), { exitCode: 3 })
    t.match(life.settled, [{ lease: 'a', outcome: 'failed', log: { text: 'last words' } }])
    t.notOk(reports().some(({ lease }) => lease === 'c'))
  },
)

t.test('a new session is told the progress again, and is not sent what nobody there asked for', async (t) => {
  const { life, report, reports } = running('a')
  life.hear({ type: 'follow', list: [{ id: 'task-a', lease: 'a', on: true }] })
  report('a', { percent: 7, text: 'x' })
  const before = reports().length
  life.open()
  report('a', { percent: 8 })
  t.equal(reports().length, before, 'nothing before the welcome')
  life.welcome()
  life.until(life.now + 1_000)
  t.same(reports().slice(before), [{ id: 'task-a', lease: 'a', percent: 8 }])
})

t.test('P27: a master that knows no reports is told once, and the next one anew', async (t) => {
  const { life, report, reports } = running('a')
  report('a', { percent: 1 })
  life.until(life.now + 1_000)
  t.equal(reports().length, 1)
  life.hear({ type: 'unsupported', what: 'progress' })
  report('a', { percent: 2 })
  life.until(life.now + 5_000)
  t.equal(reports().length, 1)
  life.open()
  life.welcome()
  life.until(life.now + 1_000)
  t.match(reports().slice(1), [{ percent: 2 }])
})

t.test('P23: a hundred slots that say much keep a bounded amount', async (t) => {
  const life = new Life({ slots: 10_000 })
  life.meet()
  life.assign('a')
  life.began('a')
  const text = 'x'.repeat(65_536)
  life.post({ kind: 'host-reports', host: life.hostOf('a'), list: [{ leaseId: 'a', log: { at: 0, text } }] })
  life.says('a')
  const [settled] = life.settled
  t.ok((settled?.log?.text.length ?? 0) <= (32 * 1024 * 1024) / 10_000)
  t.equal((settled?.log?.at ?? 0) + (settled?.log?.text.length ?? 0), 65_536)
})
