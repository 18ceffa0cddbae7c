import t from 'tap'
import { formatAddress } from '../../src/net/address.js'
import type { Connection, DialResult } from '../../src/net/connection.js'
import { Scanner, type ScannerOptions } from '../../src/net/scanner.js'
import { KeptLog } from './kept-log.js'
import { ManualClock, settled } from './manual-clock.js'

const A = '127.0.0.1:5000'
const B = '127.0.0.1:5001'
const SILENT: DialResult = { kind: 'silent' }
const REFUSED: DialResult = { kind: 'refused' }

/** A scanner whose dials are answered by the test. */
class Stage {
  readonly clock = new ManualClock()
  readonly log = new KeptLog()
  readonly dialled: string[] = []
  readonly open = new Map<string, (result: DialResult) => void>()
  readonly found: string[] = []
  readonly destroyed: string[] = []
  readonly skipped = new Set<string>()
  readonly scanner: Scanner

  constructor(options: Partial<ScannerOptions> = {}) {
    this.scanner = new Scanner({
      hosts: ['127.0.0.1'],
      ports: { first: 5000, last: 5001 },
      roundMs: 1_000,
      connectMs: 300,
      clock: this.clock,
      log: this.log,
      random: () => 0.5,
      dial: (address) => {
        const text = formatAddress(address)
        this.dialled.push(text)
        t.notOk(this.open.has(text), `${text} is not dialled twice at a time`)
        return new Promise((resolve) => this.open.set(text, resolve))
      },
      skip: (address) => this.skipped.has(address),
      found: (_connection, address) => this.found.push(address),
      ...options,
    })
  }

  connection(): DialResult {
    const connection = { destroy: (why: string) => this.destroyed.push(why) } as unknown as Connection
    return { kind: 'connected', connection }
  }

  async answer(address: string, result: DialResult): Promise<void> {
    this.open.get(address)?.(result)
    this.open.delete(address)
    await settled()
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settled()
  }

  takeDialled(): string[] {
    return this.dialled.splice(0)
  }
}

t.test('each round looks at every port that is free to be looked at', async (t) => {
  const stage = new Stage()
  stage.scanner.start()
  t.same(stage.takeDialled(), [A, B])
  await stage.answer(A, REFUSED)
  await stage.answer(B, stage.connection())
  t.same(stage.found, [B])
  stage.skipped.add(B)
  await stage.advance(999)
  t.same(stage.takeDialled(), [])
  await stage.advance(1)
  t.same(stage.takeDialled(), [A], 'a port that refuses is looked at again, a connected one is not')
  stage.skipped.delete(B)
  await stage.answer(A, { kind: 'unreachable', why: 'no answer' })
  await stage.advance(1_000)
  t.same(stage.takeDialled(), [A, B])
  t.same(stage.log.texts('info'), [])
  stage.scanner.stop()
})

t.test('a round waits for connects, not for slow greeters', async (t) => {
  const stage = new Stage()
  stage.scanner.start()
  await stage.answer(A, REFUSED)
  await stage.advance(299)
  t.equal(stage.log.entries.length, 0)
  await stage.advance(1)
  t.match(stage.log.entries, [{ text: 'scanned', fields: { addresses: 2, ms: 300, underWay: 1 } }])
  stage.takeDialled()
  await stage.advance(700)
  t.same(stage.takeDialled(), [A], 'the slow one is still under way')
  stage.scanner.stop()
})

t.test('strangers are looked at less and less often, and told of once', async (t) => {
  const stage = new Stage({ ports: { first: 5000, last: 5000 } })
  stage.scanner.start()
  const waits: number[] = []
  let waitedMs = 0
  for (let rounds = 0; rounds < 90; rounds += 1) {
    if (stage.takeDialled().length > 0) {
      waits.push(waitedMs)
      waitedMs = 0
      await stage.answer(A, { kind: 'stranger', why: 'a line does not begin with {' })
    }
    await stage.advance(1_000)
    waitedMs += 1_000
  }
  t.same(waits.slice(0, 6), [0, 1_000, 2_000, 4_000, 8_000, 15_000])
  t.same(new Set(waits.slice(6)), new Set([15_000]))
  t.match(stage.log.texts('info'), [/^left alone at 127.0.0.1:5000.*begin with \{$/])
  stage.scanner.stop()
})

t.test('others are left alone as well, one that cannot prove itself with a warning', async (t) => {
  const stage = new Stage()
  stage.scanner.start()
  await stage.answer(A, { kind: 'other', role: 'master', cluster: 'c', incarnation: 'm#1' })
  await stage.answer(B, { kind: 'unproven', why: 'the proof is wrong' })
  t.match(stage.log.texts('info'), [/a master of cluster c, m#1/])
  t.match(stage.log.texts('warn'), [/the proof is wrong/])
  stage.scanner.stop()
})

t.test('who goes away or becomes a worker starts anew', async (t) => {
  const stage = new Stage({ ports: { first: 5000, last: 5000 } })
  stage.scanner.start()
  for (const result of [SILENT, SILENT, REFUSED, SILENT]) {
    while (stage.takeDialled().length === 0) await stage.advance(1_000)
    await stage.answer(A, result)
  }
  await stage.advance(1_000)
  t.same(stage.takeDialled(), [A], 'the first wait again')
  stage.scanner.stop()
})

t.test('lookAt() dials at once, whatever rounds think of it', async (t) => {
  const stage = new Stage()
  stage.scanner.start()
  await stage.answer(A, SILENT)
  await stage.answer(B, REFUSED)
  stage.takeDialled()
  stage.skipped.add(A)
  const looked = stage.scanner.lookAt(A)
  t.same(stage.takeDialled(), [A])
  await stage.answer(A, REFUSED)
  t.same(await looked, REFUSED)
  const joined = stage.scanner.lookAt('10.0.0.9:7000')
  await stage.answer('10.0.0.9:7000', stage.connection())
  t.equal((await joined).kind, 'connected')
  t.same(stage.found, ['10.0.0.9:7000'])
  stage.scanner.stop()
})

t.test('lookAt() does not believe a dial that began before it, unless it found a connection', async (t) => {
  const stage = new Stage()
  stage.scanner.start()
  const [first, second] = [stage.scanner.lookAt(A), stage.scanner.lookAt(A)]
  const other = stage.scanner.lookAt(B)
  t.same(stage.takeDialled(), [A, B])
  await stage.answer(A, SILENT)
  t.same(stage.takeDialled(), [A])
  await stage.answer(A, REFUSED)
  t.same(await first, REFUSED)
  t.same(stage.takeDialled(), [A], 'and neither does the next one that asks')
  await stage.answer(A, REFUSED)
  t.same(await second, REFUSED)
  await stage.answer(B, stage.connection())
  t.equal((await other).kind, 'connected')
  t.same(stage.found, [B])
  t.same(stage.takeDialled(), [])
  stage.scanner.stop()
})

t.test('at most 128 connects at a time', async (t) => {
  const stage = new Stage({ hosts: ['127.0.0.1', '127.0.0.2', '127.0.0.3'], ports: { first: 5000, last: 5099 } })
  stage.scanner.start()
  t.equal(stage.takeDialled().length, 128)
  await stage.answer(A, REFUSED)
  t.equal(stage.takeDialled().length, 1)
  await stage.advance(300)
  t.equal(stage.takeDialled().length, 128, 'the others answer or not, their connects are over')
  stage.scanner.stop()
  await stage.advance(300)
  t.equal(stage.takeDialled().length, 0)
})

t.test('after stop() there is no dial, and no connection is left', async (t) => {
  const stage = new Stage()
  stage.scanner.start()
  stage.scanner.stop()
  await stage.answer(A, stage.connection())
  await stage.answer(B, REFUSED)
  t.same(stage.found, [])
  t.equal(stage.destroyed.length, 1)
  stage.takeDialled()
  await stage.advance(10_000)
  t.same(stage.takeDialled(), [])
  t.equal(stage.clock.pending, 0)
})

t.test('names are looked up again and again, and what was known stays where that fails', async (t) => {
  const answers: (readonly string[] | Error)[] = [
    ['10.0.0.1'],
    ['10.0.0.1', '10.0.0.2'],
    new Error('no name server'),
    [],
  ]
  const stage = new Stage({
    hosts: ['workers.example'],
    ports: { first: 5000, last: 5000 },
    resolve: async (name) => {
      t.equal(name, 'workers.example')
      const answer = answers.shift() ?? []
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  stage.scanner.start()
  await settled()
  const rounds: string[][] = []
  for (let round = 0; round < 4; round += 1) {
    await stage.advance(1_000)
    rounds.push(stage.takeDialled())
    for (const address of [...stage.open.keys()]) await stage.answer(address, REFUSED)
  }
  const [one, two] = ['10.0.0.1:5000', '10.0.0.2:5000']
  t.same(rounds, [[one], [one, two], [one, two], []])
  t.match(stage.log.texts('warn'), [/cannot look up the host workers.example.*no name server/])
  stage.scanner.stop()
})
