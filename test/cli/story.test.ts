// The story of a task as a person reads it, and the stack reduced to the user's own code.
import t from 'tap'
import { ownFrames } from '../../src/cli/stack.js'
import { errorText, storyLines } from '../../src/cli/story.js'
import type { TaskField } from '../../src/protocol/messages.js'

const START = Date.UTC(2026, 0, 31, 23, 59, 58)
const STACK = [
  'Error: boom',
  '    at deep (file:///home/ada/app/tasks.mjs?v=2:12:9)',
  '    at Object.run (/home/ada/app/tasks.mjs:4:53)',
  '    at /home/ada/app/node_modules/pkg/index.js:1:1',
  '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
].join('\n')

const task: TaskField = {
  ...{ id: 't1', queue: 'default', type: 'resize', payload: '1', encoding: 'json', priority: 0 },
  ...{ createdAt: START, runAt: START, attempt: 2, uncharged: 1, maxAttempts: 5, suspect: false },
  ...{ state: 'pending', cancelRequested: false },
  story: [
    {
      ...{ attempt: 1, lease: 'l1', holder: 'w1#a', grantedAt: START + 100, endedAt: START + 300 },
      ...{ outcome: 'failed', charged: true, error: { code: 'task_failed', message: 'boom', stack: STACK } },
    },
    {
      ...{ attempt: 2, lease: 'l2', holder: 'w2#b', grantedAt: START + 2_500, endedAt: START + 4_500 },
      ...{ outcome: 'returned', charged: false, error: { code: 'host_died', message: 'died', signal: 'SIGSEGV' } },
    },
  ],
}

const tell = (changes: Partial<TaskField>, now = START + 5_000): string =>
  storyLines({ ...task, ...changes }, { now, folder: '/home/ada/app' }).join('\n')

t.test('a task that was tried twice and waits for its next attempt', async (t) => {
  t.equal(
    tell({ runAt: START + 9_000 }),
    `2026-01-31 (UTC, as in the logs)
  23:59:58.000            submitted
  23:59:58.100    +100ms  attempt 1 given to w1
  23:59:58.300    +200ms  attempt 1 failed after 200ms: boom
                            at tasks.mjs:12:9 in deep
                            at tasks.mjs:4:53 in Object.run
                            counts: 1 of 5
2026-02-01 (UTC, as in the logs)
  00:00:00.500     +2.2s  attempt 2 given to w2
  00:00:02.500       +2s  attempt 2 was handed back after 2s: died (SIGSEGV) [host_died]
                            does not count against its attempts
  00:00:03.000    +500ms  now: waits; attempt 3 comes in 4s, at 00:00:07.000`,
  )
})

t.test('how it ends', async (t) => {
  const given = { attempt: 3, holder: 'w3#c', grantedAt: START + 4_600 }
  t.match(tell({}), /now: attempt 3 waits for a free worker that serves resize, for 5s$/)
  t.match(tell({ ...given, state: 'running' }), /attempt 3 given to w3\n.* now: attempt 3 has run for 400ms$/)
  t.match(tell({ ...given, state: 'running', cancelRequested: true }), /is being cancelled, it has run for 400ms$/)
  t.match(tell({ ...given, state: 'completed', endedAt: START + 4_900 }), /completed after 300ms$/)
  t.match(tell({ state: 'failed', endedAt: START }), /failed for good: all 5 attempts are used$/)
  t.match(
    tell({ state: 'failed', endedAt: START, error: { code: 'non_retryable', message: 'no' } }),
    /non_retryable is not tried again$/,
  )
  t.match(tell({ state: 'cancelled', endedAt: START }), /cancelled$/)
})

t.test('retried by hand: attempts are counted anew', async (t) => {
  const [first, second] = task.story!
  const retried = { ...first!, outcome: 'retried', charged: false, grantedAt: START + 5_000, endedAt: START + 5_000 }
  const again = { ...first!, attempt: 3, grantedAt: START + 5_100, endedAt: START + 5_200 }
  const text = tell({ story: [first!, second!, retried, again] })
  t.match(text, /retried by hand/)
  t.match(text, /attempt 3 failed after 100ms: boom\n.*\n.*\n +counts: 1 of 5/)
})

t.test('frames of Node, of libraries and of dtr are not the user’s', async (t) => {
  t.same(ownFrames(STACK, '/elsewhere'), [
    '/home/ada/app/tasks.mjs:12:9 in deep',
    '/home/ada/app/tasks.mjs:4:53 in Object.run',
  ])
  t.same(ownFrames(`Error\n    at run (${import.meta.url.replace('/test/', '/src/')}:1:1)`, '/'), [])
  t.same(ownFrames('no stack at all', '/'), [])
})

t.test('an error tells how its process ended, once', async (t) => {
  t.equal(errorText({ code: 'host_died', message: 'it died', exitCode: 3 }), 'it died (exit code 3) [host_died]')
  t.equal(errorText({ code: 'task_failed', message: 'with signal SIGSEGV', signal: 'SIGSEGV' }), 'with signal SIGSEGV')
})
