// The host process: runs users' code, and nothing else. It has no secret, no socket of its own and no say: what it is told
// comes by a pipe, and its watchdog (a thread, started first) ends it whatever the code does; a sentinel ends what it leaves.
import { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { DtrError, messageOf } from '../../errors.js'
import type { LogEntry } from '../../log.js'
import { openRunner } from '../../runner/open.js'
import type { AttemptInput, Runner } from '../../runner/runner.js'
import { taskErrorOf } from '../../runner/thrown.js'
import type { AbortReason } from '../events.js'
import { LineBudget } from './line-budget.js'
import { Pipe } from './pipe.js'
import type { FromHost, ToHost } from './pipe-messages.js'
import { postSentinel } from './sentinel.js'

/** Inherited from the worker; see process.ts. */
const WORK_FD = 4
const LOG_CHARS_MAX = 8_000
const EXIT_FAILED = 1

const watchdog = new Worker(new URL('./watchdog.js', import.meta.url))
// Without its watchdog no code may run.
watchdog.on('error', () => process.exit(EXIT_FAILED))
postSentinel()

const pipe = new Pipe(new Socket({ fd: WORK_FD, readable: true, writable: true }), {
  read: (row) => row as ToHost,
  rows: (messages) => {
    for (const message of messages) receive(message)
  },
  closed: () => process.exit(EXIT_FAILED),
})

process.on('uncaughtException', (thrown) => {
  void say({ type: 'uncaught', error: taskErrorOf(thrown, 'host_died') }).then(() => process.exit(EXIT_FAILED))
})

const running = new Map<string, AbortController>()
const budget = new LineBudget()
let runner: Runner | undefined
/** Attempts begin one after the other, each after it was said that it does. */
let begun = Promise.resolve()

function say(message: FromHost): Promise<void> {
  return pipe.sent(message)
}

function receive(message: ToHost): void {
  switch (message.type) {
    case 'load':
      void load(message.modules, message.builtins)
      return
    case 'run': {
      const control = new AbortController()
      running.set(message.attempt.leaseId, control)
      begun = begun.then(() => begin(message.attempt, control.signal))
      return
    }
    case 'abort':
      running.get(message.leaseId)?.abort(new DtrError(message.reason, WHY[message.reason]))
  }
}

const WHY: Readonly<Record<AbortReason, string>> = {
  timeout: 'the limit of this run is over',
  cancelled: 'this task was cancelled',
  stale: 'this attempt is not wanted any more: its lease is over',
  lost: 'this worker has lost its master',
}

async function load(modules: readonly string[], builtins: boolean): Promise<void> {
  try {
    runner = await openRunner({ modules, builtins, log })
    await say({ type: 'ready', types: [...runner.types] })
  } catch (error) {
    const hint = error instanceof DtrError && error.hint !== undefined ? ` (${error.hint})` : ''
    await say({ type: 'unfit', message: taskErrorOf(`${messageOf(error)}${hint}`, 'bad_input').message })
    process.exit(EXIT_FAILED)
  }
}

async function begin(attempt: AttemptInput, signal: AbortSignal): Promise<void> {
  await say({ type: 'began', leaseId: attempt.leaseId })
  void run(attempt, signal)
}

async function run(attempt: AttemptInput, signal: AbortSignal): Promise<void> {
  if (runner === undefined) throw new Error('a run before the load')
  const outcome = await runner.run(attempt, signal)
  running.delete(attempt.leaseId)
  await say({ type: 'outcome', leaseId: attempt.leaseId, outcome })
}

/** Lines of `ctx.log`: bounded here, so that a flood of them fills no memory on its way. */
function log(attempt: AttemptInput, entry: LogEntry): void {
  const fields = Object.entries(entry.fields ?? {}).map(([name, value]) => ` ${name}=${String(value)}`)
  const text = `${attempt.type} ${attempt.taskId}: ${String(entry.text)}${fields.join('')}`
  for (const line of budget.take(text))
    void say({ type: 'log', level: entry.level, text: line.slice(0, LOG_CHARS_MAX) })
}
