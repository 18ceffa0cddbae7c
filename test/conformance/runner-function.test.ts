import { setTimeout } from 'node:timers/promises'
import { FunctionRunner } from '../../src/runner/function.js'
import { RESULT_BYTES_MAX } from '../../src/runner/runner.js'
import { checkTasks, defineTasks, NonRetryableError, type TaskDefinition } from '../../src/task/define.js'
import { type Behaviour, runnerConformance } from './runner.js'

const tasks = defineTasks({
  echo: (payload) => payload,
  throws: () => {
    throw new Error('thrown on purpose')
  },
  final: () => {
    throw new NonRetryableError('never again')
  },
  waits: (_payload, { signal }) => setTimeout(60_000, undefined, { signal }),
  huge: () => 'x'.repeat(RESULT_BYTES_MAX),
  bytes: () => new Uint8Array([0, 255, 1]),
  says: (_payload, ctx) => {
    ctx.log('zwölf')
    ctx.progress(50, 'half')
  },
} satisfies Record<Behaviour, TaskDefinition>)

runnerConformance('functions', () => FunctionRunner.open(checkTasks(tasks, 'the test'), () => {}))
