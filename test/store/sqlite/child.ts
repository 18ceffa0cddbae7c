// A process that holds a data folder, for tests that kill it. It says `open`, then does as its second argument says:
// `hold` nothing; `write` one batch after the other, each told with the number of its task once it is acknowledged;
// `mend` the same with tasks that fail, are retried by name, and are forgotten when there are more than a few;
// `fill` first a batch that is too large for the limit on file sizes under which it was started, then a small one.

import { messageOf } from '../../../src/errors.js'
import { openStore } from '../../../src/store/open.js'
import { FAIL_FINAL, id, type Parts, Subject, settleOf, spec } from '../../conformance/store/subject.js'

const [, , folder = '', what] = process.argv
const store = await openStore({ kind: 'sqlite', folder, limits: { pendingMax: 1_000_000 } })
const subject = new Subject(store)
console.log('open')
if (what === 'write') await write(Number(process.argv[4]))
if (what === 'mend') await mend(Number(process.argv[4]))
if (what === 'fill') await fill()

/** Each batch submits one task, and claims and completes the one before. */
async function write(first: number): Promise<void> {
  let settle: Parts['operations'] = []
  for (let n = first; ; n += 1) {
    const { claims } = await subject.apply({
      operations: [{ kind: 'submit', task: spec(n) }, ...settle],
      claims: [subject.claimOf(1, `w#${first}`)],
    })
    console.log(n)
    settle = claims[0]!.grants.map(({ taskId, leaseId }) => ({
      kind: 'settle',
      taskId,
      leaseId,
      ending: { kind: 'completed', result: 'null', encoding: 'json' },
    }))
  }
}

/** Each batch submits and claims some, fails what it claimed before, retries one of those and forgets the oldest. */
async function mend(first: number): Promise<void> {
  let failing: Parts['operations'] = []
  subject.now += first * 10
  for (let n = first; ; n += 1) {
    subject.now += 1
    const submits = [0, 1, 2, 3].map((k) => ({
      kind: 'submit' as const,
      task: spec(n * 10 + k, { payload: JSON.stringify('x'.repeat((n % 7) * 900)) }),
    }))
    const { claims } = await subject.apply({
      operations: [
        ...submits,
        ...failing,
        { kind: 'retry', taskId: id((n - 1) * 10) },
        { kind: 'prune', completedBefore: 0, failedBefore: 0, keptMax: 20, keptBytesMax: 60_000, limit: 10 },
      ],
      claims: [subject.claimOf(5, `w#${first}`)],
    })
    console.log(n)
    failing = claims[0]!.grants.map((grant) => settleOf(grant, FAIL_FINAL))
  }
}

async function fill(): Promise<void> {
  // Node itself ignores it, but tap's hook in every child process would end the process with it.
  process.on('SIGXFSZ', () => {})
  const large = Array.from({ length: 20 }, (_, n) => spec(100 + n, { payload: JSON.stringify('x'.repeat(200_000)) }))
  console.log(await subject.submit(spec(1)))
  for (const tasks of [large, [spec(2)], large, [spec(3)]]) {
    console.log(await subject.submit(...tasks).catch((error) => `${error.code}: ${messageOf(error)}`))
  }
  await store.close()
  console.log('closed')
}
