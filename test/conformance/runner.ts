// What every runner must hold (src/runner/runner.ts). A runner's test gives a way to run one attempt of a behaviour; how
// the behaviour is written is the runner's own affair: a function, later a process or a command.
import t from 'tap'
import { type AttemptInput, type AttemptOutcome, RESULT_BYTES_MAX, type Runner } from '../../src/runner/runner.js'
import { TestControl } from '../runner/control.js'

/** What a runner under test serves, one type each. `says` says `zwölf`, on a line of its own, and tells where it can that it is half done. */
export const BEHAVIOURS = ['echo', 'throws', 'final', 'waits', 'huge', 'bytes', 'says'] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

export function attemptOf(type: string, payload: string, given: Partial<AttemptInput> = {}): AttemptInput {
  return {
    ...{ taskId: 'task-1', leaseId: 'lease-1', type, queue: 'default', payload, encoding: 'json' },
    ...{ attempt: 1, maxAttempts: 5, ...given },
  }
}

/**
 * `open` gives a runner that serves BEHAVIOURS.
 * @param tellsProgress whether its code can say how far it is
 */
export function runnerConformance(name: string, open: () => Promise<Runner>, tellsProgress = true): void {
  t.test(`${name}: conforms`, async (t) => {
    const runner = await open()
    const run = (type: string, payload = 'null', control = new TestControl()): Promise<AttemptOutcome> =>
      runner.run(attemptOf(type, payload), control)

    await t.test('says what it serves', async (t) => {
      t.same(new Set(runner.types.map(({ type }) => type)), new Set(BEHAVIOURS))
    })

    await t.test('gives the payload to the code, and its result back', async (t) => {
      const payload = '{"text":"\\u0000 \\ud83d\\ude00","number":1e21,"list":[null,true]}'
      const outcome = await run('echo', payload)
      t.equal(outcome.kind, 'completed')
      if (outcome.kind === 'completed') t.same(JSON.parse(outcome.result), JSON.parse(payload))
    })

    await t.test('a type that it does not serve is not an error of the task', async (t) => {
      t.same(await run('stranger'), { kind: 'unserved' })
    })

    await t.test('a failure is an outcome with a message, and may be tried again', async (t) => {
      const outcome = await run('throws')
      t.match(outcome, { kind: 'failed', final: false, error: { code: 'task_failed', message: /thrown on purpose/ } })
    })

    await t.test('a final failure is said to be final', async (t) => {
      t.match(await run('final'), { kind: 'failed', final: true, error: { code: 'non_retryable' } })
    })

    await t.test('ends early when its signal is aborted', async (t) => {
      const control = new TestControl()
      const outcome = run('waits', 'null', control)
      control.abort(new Error('told to end'))
      t.match(await outcome, { kind: 'failed' })
    })

    await t.test('runs several at a time', async (t) => {
      const control = new TestControl()
      const waiting = run('waits', 'null', control)
      t.match(await run('echo', '1'), { kind: 'completed', result: '1' })
      control.abort()
      await waiting
    })

    await t.test('a result beyond the limit is a final failure that names the limit', async (t) => {
      const outcome = await run('huge')
      t.match(outcome, { kind: 'failed', final: true, error: { code: 'too_large' } })
      if (outcome.kind === 'failed') t.match(outcome.error.message, new RegExp(String(RESULT_BYTES_MAX)))
    })

    await t.test('what the code says while it runs is told, and how far it is', async (t) => {
      const control = new TestControl()
      t.match(await run('says', 'null', control), { kind: 'completed' })
      t.equal(control.said, 'zwölf\n')
      t.same(control.progresses, tellsProgress ? [[50, 'half']] : [])
    })

    await t.test('bytes come back as bytes', async (t) => {
      t.same(await run('bytes'), { kind: 'completed', result: 'AP8B', encoding: 'base64' })
    })
  })
}
