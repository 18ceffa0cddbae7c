// What must hold of every runner in a real host: whatever its code does, it ends when it is told to, or with its host, its
// worker or its lease, grandchildren included, and costs nobody but itself (P7, P11, P13, P18).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { dialWorker, FakeMaster, LATE_MS_MAX, SHORT, until } from '../worker/fake-master.js'
import { isAlive, type Served, workerHere, workerProcess } from '../worker/workers.js'

/**
 * What a runner under test serves, one type each.
 * - `echo` gives its payload, a text, back;
 * - `deaf` takes a path, starts a grandchild, writes both pids there as JSON (`[own, grandchild]`), and never ends: what
 *   is told it does not hear;
 * - `crashes` ends its own process;
 * - `says` says `on the way`, a line, and a second later ends its own process;
 * - `fillsMemory` fills the heap of a JavaScript engine, which is a small one;
 * - `takesMemory` takes memory beside that, some 400 MiB a second, without end.
 */
export const HOSTED_BEHAVIOURS = ['echo', 'deaf', 'crashes', 'says', 'fillsMemory', 'takesMemory'] as const
export type HostedBehaviour = (typeof HOSTED_BEHAVIOURS)[number]

const SLOT_BYTES_MAX = 128 * 1024 ** 2

export interface Subject {
  readonly served: Served
  /** Its code shares the process of the host: what ends one ends its neighbours as well. */
  readonly sharesHost: boolean
}

export function runnerInHostConformance(name: string, { served, sharesHost }: Subject): void {
  const start = async (t: Test): Promise<FakeMaster> => {
    const { worker } = await workerHere(t, served)
    return FakeMaster.of(worker.port)
  }

  t.test(`${name}: results and failures, one after the other and beside each other`, async (t) => {
    const master = await start(t)
    t.same(master.register?.types.map(({ type }) => type).sort(), [...HOSTED_BEHAVIOURS].sort())
    // As many as there are slots: what waits for one on a slow machine may be handed back.
    const leases = master.assign(...['a', 'b'].map((payload) => ({ type: 'echo', payload })))
    for (const [index, lease] of leases.entries()) {
      t.match(await master.settled(lease), { outcome: 'completed', result: JSON.stringify('ab'[index]) })
    }
    for (const [type, code] of [
      ['crashes', /^(host_died|task_failed)$/],
      ['fillsMemory', /^out_of_memory$/],
    ] as const) {
      t.match(await master.run({ type }), { outcome: 'failed', final: false, error: { code } }, type)
      t.match(await master.run({ type: 'echo', payload: 'after' }), { outcome: 'completed', result: '"after"' })
    }
    t.equal(master.closed, undefined, 'beats went on')
  })

  t.test(`${name}: what it says is heard while it runs, and kept when it dies`, async (t) => {
    const master = await start(t)
    const [lease] = master.assign({ type: 'says' })
    master.send({ type: 'follow', list: [{ id: `task-${lease}`, lease: lease!, on: true }] })
    const log = { at: 0, text: 'on the way\n' }
    await until('what it says', () =>
      master.received.some(
        (message) => message.type === 'progress' && message.list.some((report) => report.log?.text === log.text),
      ),
    )
    t.match(await master.settled(lease!), { outcome: 'failed', log })
  })

  for (const why of ['timeout', 'cancelled'] as const) {
    t.test(`${name}: ${why}: what does not listen is ended with its grandchildren, soon after its grace`, async (t) => {
      const master = await start(t)
      const beside = sign(t, 'beside')
      const guilty = sign(t, 'guilty')
      const [neighbour] = master.assign({ type: 'deaf', payload: beside.path })
      const others = await beside.pids()
      const limit = why === 'timeout' ? { timeoutMs: 3_000 } : {}
      const [lease] = master.assign({ type: 'deaf', payload: guilty.path, ...limit })
      const pids = await guilty.pids()
      if (why === 'cancelled') {
        master.send({ type: 'cancel', list: [{ id: `task-${lease}`, lease: lease!, reason: why }] })
      }
      t.match(await master.settled(lease!), why === 'timeout' ? { error: { code: 'timeout' } } : { outcome: why })
      await untilGone(pids)
      if (sharesHost) t.match(await master.settled(neighbour!), { outcome: 'returned', reason: 'neighbour' })
      else {
        t.ok(others.every(isAlive), 'its neighbour goes on')
        t.equal(master.settlements.length, 1)
      }
      t.match(await master.run({ type: 'echo', payload: 'after' }), { outcome: 'completed' }, 'the slot is free')
    })
  }

  t.test(`${name}: what takes more memory than its slot may have is ended, and told so`, async (t) => {
    const { worker } = await workerHere(t, { ...served, care: { slotBytesMax: SLOT_BYTES_MAX } })
    const master = await FakeMaster.of(worker.port)
    const beside = sign(t, 'beside')
    const [neighbour] = master.assign({ type: 'deaf', payload: beside.path })
    const others = await beside.pids()
    const error = { code: 'out_of_memory', message: /^out of memory: .* had \d+.*, and the limit is (128|256) MiB/ }
    const [lease] = master.assign({ type: 'takesMemory' })
    if (sharesHost) {
      // Which of the two it was is not known: each runs alone next.
      const suspect = { outcome: 'returned', reason: 'neighbour', suspect: true, error }
      for (const one of [neighbour, lease]) t.match(await master.settled(one!), suspect)
      t.match(await master.run({ type: 'takesMemory', suspect: true }), { outcome: 'failed', final: false, error })
    } else {
      t.match(await master.settled(lease!), { outcome: 'failed', final: false, error })
      t.ok(others.every(isAlive), 'its neighbour goes on')
      t.equal(master.settlements.length, 1)
    }
    t.match(await master.run({ type: 'echo', payload: 'after' }), { outcome: 'completed' })
  })

  t.test(`${name}: what runs ends with its host`, async (t) => {
    const master = await start(t)
    const { path, pids } = sign(t, 'pids')
    const [lease] = master.assign({ type: 'deaf', payload: path })
    const living = await pids()
    process.kill(await master.host(), 'SIGKILL')
    await until('word of the death', () => master.received.some(({ type }) => type === 'host-died'))
    // It was signalled; to be gone takes a moment more.
    await untilGone(living)
    t.notOk(master.settlements.some((settlement) => settlement.lease === lease && settlement.outcome === 'completed'))
    t.match(await master.run({ type: 'echo', payload: 'after' }), { outcome: 'completed' })
  })

  t.test(`${name}: what runs ends with its worker, also where the host is killed together with it`, async (t) => {
    for (const together of [false, true]) {
      const worker = await workerProcess(t, served)
      const master = await FakeMaster.of(worker.port)
      const host = await master.host()
      const { path, pids } = sign(t, `pids-${together}`)
      master.assign({ type: 'deaf', payload: path })
      const living = await pids()
      process.kill(worker.pid, 'SIGKILL')
      if (together) process.kill(-host, 'SIGKILL')
      await untilGone([host, ...living])
      await until('the port to refuse', async () => (await dialWorker(worker.port)).kind === 'refused')
    }
  })

  t.test(`${name}: what runs ends with the lease, also where the worker is frozen`, async (t) => {
    const worker = await workerProcess(t, served)
    const master = await FakeMaster.of(worker.port, 'master#1', SHORT)
    const { path, pids } = sign(t, 'pids')
    master.assign({ type: 'deaf', payload: path })
    const living = await pids()
    process.kill(worker.pid, 'SIGSTOP')
    const from = performance.now()
    await untilGone(living)
    const tookMs = performance.now() - from
    t.ok(tookMs > SHORT.heartbeatMs && tookMs < SHORT.codeDeadMs + LATE_MS_MAX, `${tookMs} ms`)
  })
}

function sign(t: Test, name: string) {
  const path = join(t.testdir({}), name)
  const pids = () =>
    until(`the pids in ${path}`, () => {
      const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
      return text.endsWith(']') ? (JSON.parse(text) as [own: number, grandchild: number]) : undefined
    })
  return { path, pids }
}

function untilGone(pids: readonly number[]): Promise<true> {
  return until(`the end of ${pids.join(', ')}`, () => (pids.some(isAlive) ? undefined : (true as const)))
}
