// How an attempt ends, as a table: every ending, for every kind of task that makes a difference to it.
import t from 'tap'
import { backoffMs, jitterOf } from '../../src/task/retry.js'
import {
  type AttemptRecord,
  chargedAttempts,
  decideEnding,
  type Ending,
  type EndingDecision,
  isTerminal,
  RETURN_REASONS,
  TASK_STATES,
  type Task,
  type TaskError,
  TERMINAL_STATES,
  TRANSITIONS,
  UNCHARGED_RETURNS_MAX,
} from '../../src/task/task.js'

const NOW = 2_000_000
const NO_STORY = () => []
const BROKE: TaskError = { code: 'task_failed', message: 'it broke' }
const GONE: TaskError = { code: 'host_died', message: 'its host died', exitCode: 137 }

function running(changes: Partial<Task> = {}): Task {
  return {
    id: '00000000-0000-7000-8000-000000000001',
    queue: 'default',
    type: 'echo',
    payload: '1',
    encoding: 'json',
    priority: 0,
    seq: 1,
    state: 'running',
    createdAt: 1_000_000,
    runAt: 1_000_100,
    attempt: 2,
    uncharged: 0,
    forgiven: 0,
    maxAttempts: 5,
    suspect: false,
    leaseId: 'lease',
    holder: 'w#1',
    grantedAt: 1_500_000,
    cancelRequested: false,
    ...changes,
  }
}

const COMPLETED: Ending = { kind: 'completed', result: '"r"', encoding: 'json' }
const FAILED: Ending = { kind: 'failed', error: BROKE, final: false }
const FINAL: Ending = { kind: 'failed', error: BROKE, final: true }
const LOST: Ending = { kind: 'lost', started: true, error: GONE }
const LOST_UNSTARTED: Ending = { kind: 'lost', started: false, error: GONE }
const DRAINED: Ending = { kind: 'returned', reason: 'drain', started: true }
const UNDELIVERED: Ending = { kind: 'returned', reason: 'undelivered', started: false }
const NEIGHBOUR: Ending = { kind: 'returned', reason: 'neighbour', started: true, suspect: true, error: GONE }
const CANCELLED: Ending = { kind: 'cancelled' }
const ENDINGS = { COMPLETED, FAILED, FINAL, LOST, LOST_UNSTARTED, DRAINED, UNDELIVERED, NEIGHBOUR, CANCELLED }

const LAST = { attempt: 5 }
const ONCE = { attempt: 1, maxAttempts: 1 }
const RETURNED_OFTEN = { attempt: 22, uncharged: UNCHARGED_RETURNS_MAX }
const retryAt = (charged: number) => NOW + backoffMs(charged, jitterOf('lease'))

/** What is expected of a decision: its state, then what differs from the task; `story` is the outcome and its charge. */
interface Expected extends Partial<Omit<EndingDecision, 'record'>> {
  readonly story?: readonly [string, boolean]
}

const TABLE: readonly (readonly [string, Ending, Partial<Task>, Expected])[] = [
  ['completed', COMPLETED, {}, { state: 'completed', result: '"r"', resultEncoding: 'json', endedAt: NOW }],
  ['completed, last attempt', COMPLETED, LAST, { state: 'completed', result: '"r"', endedAt: NOW }],
  ['failed', FAILED, {}, { state: 'pending', runAt: retryAt(2), error: BROKE, story: ['failed', true] }],
  ['failed, last', FAILED, LAST, { state: 'failed', error: BROKE, endedAt: NOW, story: ['failed', true] }],
  ['failed, at most once', FAILED, ONCE, { state: 'failed', error: BROKE, story: ['failed', true] }],
  ['failed, default attempts', FAILED, { ...LAST, maxAttempts: undefined }, { state: 'failed' }],
  ['failed, uncharged returns before', FAILED, { ...LAST, uncharged: 1 }, { state: 'pending', runAt: retryAt(4) }],
  ['failed for good', FINAL, {}, { state: 'failed', error: BROKE, endedAt: NOW, story: ['failed', true] }],
  ['lost', LOST, {}, { state: 'pending', runAt: 1_000_100, error: GONE, story: ['lost', true] }],
  ['lost, last', LOST, LAST, { state: 'failed', error: { ...GONE, code: 'lost' }, story: ['lost', true] }],
  ['lost, at most once (P10)', LOST, ONCE, { state: 'failed', error: { ...GONE, code: 'lost' }, endedAt: NOW }],
  ['lost before it started', LOST_UNSTARTED, {}, { state: 'pending', attempt: 1 }],
  ['lost before it started, at most once (P10)', LOST_UNSTARTED, ONCE, { state: 'pending', attempt: 0 }],
  ['returned', DRAINED, {}, { state: 'pending', uncharged: 1, story: ['returned', false] }],
  ['returned, last attempt', DRAINED, LAST, { state: 'pending', uncharged: 1, attempt: 5 }],
  ['returned, at most once (P10)', DRAINED, ONCE, { state: 'failed', story: ['lost', true] }],
  ['returned too often (P9)', DRAINED, RETURNED_OFTEN, { state: 'pending', uncharged: 20, story: ['lost', true] }],
  ['returned too often, last', DRAINED, { ...RETURNED_OFTEN, attempt: 25 }, { state: 'failed', story: ['lost', true] }],
  ['returned before it started', UNDELIVERED, {}, { state: 'pending', attempt: 1 }],
  ['returned as a suspect', NEIGHBOUR, {}, { state: 'pending', suspect: true, uncharged: 1, error: GONE }],
  [
    'returned to wait',
    { ...NEIGHBOUR, waitMs: 6_000 },
    {},
    { state: 'pending', suspect: true, uncharged: 1, runAt: NOW + 6_000 },
  ],
  ['a suspect stays one', FAILED, { suspect: true }, { state: 'pending', suspect: true, runAt: retryAt(2) }],
  ['ended for no cancel', CANCELLED, {}, { state: 'pending', uncharged: 1, story: ['returned', false] }],
]

for (const [name, ending, changes, { story, ...expected }] of TABLE) {
  t.test(name, async (t) => {
    const task = running(changes)
    const decision = decideEnding(task, ending, NOW, NO_STORY)
    const { attempt, uncharged, suspect, runAt } = task
    const { record, ...rest } = decision
    t.match(rest, { attempt, uncharged, suspect, runAt, ...expected })
    if (story === undefined) return
    const [outcome, charged] = story
    t.match(record, { outcome, charged, attempt, leaseId: 'lease', holder: 'w#1', grantedAt: 1_500_000, endedAt: NOW })
  })
}

t.test('P14: once a cancel is on record every ending is cancelled, and no result counts', async (t) => {
  for (const [name, ending] of Object.entries(ENDINGS)) {
    for (const changes of [{}, LAST, ONCE, RETURNED_OFTEN]) {
      const decision = decideEnding(running({ ...changes, cancelRequested: true }), ending, NOW, NO_STORY)
      t.match(decision, { state: 'cancelled', endedAt: NOW, record: { outcome: 'cancelled', charged: false } }, name)
      t.notOk('result' in decision)
    }
  }
})

t.test('what never started leaves no line in the story; whatever else did not succeed does', async (t) => {
  const without = Object.entries(ENDINGS).filter(
    ([, ending]) => decideEnding(running(), ending, NOW, NO_STORY).record === undefined,
  )
  t.same(
    without.map(([name]) => name),
    ['COMPLETED', 'LOST_UNSTARTED', 'UNDELIVERED'],
  )
})

t.test('every reason for a return is uncharged, and named in the story', async (t) => {
  for (const reason of RETURN_REASONS) {
    const { record } = decideEnding(running(), { kind: 'returned', reason, started: true }, NOW, NO_STORY)
    t.match(record, { charged: false, error: { code: 'returned', message: `handed back: ${reason}` } })
  }
})

t.test('P9: user code starts at most maxAttempts times, plus twenty uncharged returns', async (t) => {
  for (const ending of [FAILED, LOST, DRAINED, NEIGHBOUR, CANCELLED]) {
    for (const maxAttempts of [1, 2, 5]) {
      let task = running({ attempt: 0, maxAttempts })
      let starts = 0
      while (!isTerminal(task.state)) {
        starts += 1
        task = { ...task, attempt: task.attempt + 1, state: 'running' }
        task = { ...task, ...decideEnding(task, ending, NOW, NO_STORY) }
      }
      const free = maxAttempts > 1 && ending !== FAILED && ending !== LOST ? UNCHARGED_RETURNS_MAX : 0
      t.equal(starts, maxAttempts + free)
      t.equal(chargedAttempts(task), maxAttempts)
    }
  }
})

t.test('the table of transitions and decideEnding agree', async (t) => {
  const reached = new Set<string>()
  for (const ending of Object.values(ENDINGS)) {
    for (const changes of [{}, LAST, ONCE, RETURNED_OFTEN, { cancelRequested: true }]) {
      const decision = decideEnding(running(changes), ending, NOW, NO_STORY)
      reached.add(decision.state)
      t.equal(isTerminal(decision.state), decision.endedAt !== undefined)
    }
  }
  t.same([...reached].sort(), [...TRANSITIONS.running].sort())
  t.same(Object.keys(TRANSITIONS).sort(), [...TASK_STATES].sort())
  t.same(TASK_STATES.filter(isTerminal), TERMINAL_STATES)
  for (const state of TERMINAL_STATES) t.same(TRANSITIONS[state], [], `P6: ${state} is never left`)
})

t.test('P11: the third death of its host, alone, makes a task poison, whatever attempts it has left', async (t) => {
  const died: Ending = { kind: 'failed', error: GONE, final: false }
  const line = (outcome: AttemptRecord['outcome'], error?: TaskError): AttemptRecord => ({
    ...{ attempt: 1, leaseId: 'l', holder: 'w#1', grantedAt: 1, endedAt: 2, outcome, charged: true },
    ...(error && { error }),
  })
  const [death, beside, broke] = [line('failed', GONE), line('returned', GONE), line('failed', BROKE)]
  const decide = (story: AttemptRecord[], ending = died, changes: Partial<Task> = {}): EndingDecision =>
    decideEnding(running({ maxAttempts: 1_000, attempt: 9, ...changes }), ending, NOW, () => story)
  const poison = decide([death, broke, beside, death])
  t.match(poison, {
    state: 'failed',
    error: { code: 'poison', exitCode: 137, message: /3 times, alone.*its host died/ },
  })
  t.match(poison.record, { outcome: 'failed', charged: true, error: { code: 'host_died', exitCode: 137 } })
  const full: TaskError = { code: 'out_of_memory', message: 'out of memory' }
  t.match(decide([line('failed', full), death], { kind: 'failed', error: full, final: false }), {
    error: { code: 'poison', message: /3 times, alone.*out of memory/ },
  })
  t.match(decide([death, beside, beside, broke]), { state: 'pending' }, 'a death beside others does not count')
  t.match(decide([death, death, line('retried')]), { state: 'pending' }, 'a retry by hand counts anew')
  t.match(decide([death, death], FAILED), { state: 'pending' }, 'an error is no death')
  t.match(decide([death, death], died, { cancelRequested: true }), { state: 'cancelled' })
  t.match(decide([death, death], died, { maxAttempts: 3, attempt: 3 }), { error: { code: 'poison' } })
  t.match(decide([death], died, { maxAttempts: 2, attempt: 2 }), { state: 'failed', error: { code: 'host_died' } })
})
