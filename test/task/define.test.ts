// How tasks are written: what is taken, and what is refused with the name of the type.
import t from 'tap'
import { DtrError } from '../../src/errors.js'
import { checkTasks, defineTasks, isNonRetryable, NonRetryableError } from '../../src/task/define.js'

const run = () => 1

function refusal(definitions: unknown): string {
  try {
    checkTasks(definitions, 'here')
  } catch (error) {
    if (error instanceof DtrError && error.code === 'bad_input') return error.message
    throw error
  }
  return ''
}

t.test('a function, or one with defaults for its type', async (t) => {
  const tasks = defineTasks({
    plain: async (payload: { width: number }) => payload.width,
    full: { run, schema: { type: 'object' }, timeout: '1m30s', retries: 3 },
    once: { run, retries: 0 },
    voted: { run: () => ({ n: 1 }), ballot: ({ n }) => n },
  })
  t.match(checkTasks(tasks, 'here'), [
    { type: 'plain' },
    { type: 'full', schema: { type: 'object' }, timeoutMs: 90_000, maxAttempts: 4 },
    { type: 'once', maxAttempts: 1 },
    { type: 'voted', ballot: Function },
  ])
})

t.test('`run` keeps its own object', async (t) => {
  const [task] = checkTasks(
    {
      counter: {
        run: function (this: { retries: number }) {
          return this.retries
        },
        retries: 7,
      },
    },
    'x',
  )
  t.equal(task?.run(null, {} as never), 7)
})

t.test('what is wrong is told with the name of the type', async (t) => {
  t.match(refusal(null), /here: tasks are an object/)
  t.match(refusal([run]), /tasks are an object/)
  t.match(refusal({ 'a b': run }), /here: task type "a b" is not a name/)
  t.match(refusal({ '': run }), /is not a name/)
  t.match(refusal({ ['x'.repeat(129)]: run }), /is not a name/)
  for (const reserved of ['dtr', 'dtr.ping', 'dtr:x', 'dtr/x']) t.match(refusal({ [reserved]: run }), /is reserved/)
  t.equal(refusal({ dtrace: run }), '')
  t.match(refusal({ a: 5 }), /"a" is neither a function nor/)
  t.match(refusal({ a: {} }), /"a" has no function named run/)
  t.match(refusal({ a: { run, retires: 3 } }), /"a" has an unknown field "retires"; did you mean retries\?/)
  t.match(refusal({ a: { run, priority: 3 } }), /"a" has an unknown field "priority"; known are run, schema/)
  t.match(refusal({ a: { run, schema: run } }), /a schema that is no object/)
  t.match(refusal({ a: { run, timeout: 30 } }), /"a" has the timeout 30; write a text with a unit/)
  t.match(refusal({ a: { run, timeout: '30' } }), /"a" has the timeout '30'; .* with its unit/)
  t.match(refusal({ a: { run, timeout: '0s' } }), /from 1ms to/)
  t.match(refusal({ a: { run, retries: -1 } }), /retries -1; it must be a whole number from 0 to 999/)
  t.match(refusal({ a: { run, retries: 1.5 } }), /retries 1.5/)
  t.match(refusal({ a: { run, ballot: '/label' } }), /"a" has a ballot that is no function; write ballot: \(result\)/)
  t.match(refusal({ a: { run, balot: run } }), /unknown field "balot"; did you mean ballot\?/)
  t.match(refusal({ a: { run, schema: 'string' } }), /a schema that is no object/)
})

t.test('NonRetryableError is known by its mark, also across copies of the package', async (t) => {
  const error = new NonRetryableError('no', { cause: 1 })
  t.ok(isNonRetryable(error))
  t.equal(error.name, 'NonRetryableError')
  t.ok(isNonRetryable(Object.assign(new Error('other copy'), { [Symbol.for('dtr.non-retryable')]: true })))
  for (const other of [new Error('x'), undefined, null, 'x', {}]) t.notOk(isNonRetryable(other))
})
