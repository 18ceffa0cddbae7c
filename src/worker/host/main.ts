// The host process: runs users' code, and nothing else. It has no secret, no socket of its own and no say: what it is told
// comes by a pipe, and its watchdog (a thread, started first) ends it whatever the code does; a sentinel ends what it leaves.
import { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { rawMonoMs } from '../../clock.js'
import { DtrError, messageOf } from '../../errors.js'
import type { LogEntry } from '../../log.js'
import { openRunner } from '../../runner/open.js'
import type { AttemptInput, Runner } from '../../runner/runner.js'
import { taskErrorOf } from '../../runner/thrown.js'
import type { AbortReason, HostOutcome } from '../events.js'
import { Batches, BEGIN_MS_MAX } from './batches.js'
import { LateControl } from './late-control.js'
import { LineBudget } from './line-budget.js'
import { Pipe } from './pipe.js'
import { type FromHost, inLines, type Served, type ToHost } from './pipe-messages.js'
import { Sentinel } from './sentinel.js'

/** Inherited from the worker; see process.ts. */
const WORK_FD = 4
const LOG_CHARS_MAX = 8_000
const EXIT_FAILED = 1

/** How many attempts have begun, for the watchdog to tell: a number of this size is written as a whole. */
const begun = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT))
const watchdog = new Worker(new URL('./watchdog.js', import.meta.url), { workerData: begun })
// Without its watchdog no code may run.
watchdog.on('error', () => process.exit(EXIT_FAILED))
const sentinel = new Sentinel()

const pipe = new Pipe(new Socket({ fd: WORK_FD, readable: true, writable: true }), {
  read: (row) => row as ToHost,
  rows: (messages) => {
    for (const message of messages) receive(message)
  },
  closed: () => process.exit(EXIT_FAILED),
})

process.on('uncaughtException', (thrown) => leaveWith({ type: 'uncaught', error: taskErrorOf(thrown, 'host_died') }))
// What has ended is told, whatever ends the process.
process.on('exit', () => {
  sayOutcomes()
  pipe.flush()
})

const running = new Map<string, LateControl>()
const budget = new LineBudget()
let runner: Runner | undefined
const batches = new Batches()
let beginning = false
/** Of this turn. */
let outcomes: HostOutcome[] = []

function say(message: FromHost): void {
  pipe.send(message)
}

async function leaveWith(lastWords: FromHost): Promise<void> {
  sayOutcomes()
  await pipe.written(lastWords)
  process.exit(EXIT_FAILED)
}

function receive(message: ToHost): void {
  switch (message.type) {
    case 'load':
      void load(message)
      return
    case 'run':
      for (const { leaseId } of message.list) running.set(leaseId, new LateControl())
      batches.add(message.list)
      if (!beginning) void begin()
      return
    case 'abort':
      running.get(message.leaseId)?.abort(new DtrError(message.reason, WHY[message.reason]))
  }
}

const WHY: Readonly<Record<AbortReason, string>> = {
  timeout: 'the limit of this run is over',
  cancelled: 'this task was cancelled',
  stale: 'this attempt is not wanted any more: its lease is over',
  lost: 'this worker has lost its master',
  stopping: 'this worker stops, and the time to finish is nearly over',
}

async function load({ modules, builtins, commands, runners }: Served): Promise<void> {
  try {
    runner = await openRunner({
      ...{ modules, builtins, runners, log },
      commands: commands === undefined ? undefined : { ...commands, groups: sentinel },
    })
    say({ type: 'ready', types: [...runner.types] })
  } catch (error) {
    const hint = error instanceof DtrError && error.hint !== undefined ? ` (${error.hint})` : ''
    await leaveWith({ type: 'unfit', message: taskErrorOf(`${messageOf(error)}${hint}`, 'bad_input').message })
  }
}

/** Each begins after it was written that it does: that is what tells it from one that never began, however it goes on. */
async function begin(): Promise<void> {
  beginning = true
  let sinceMs = rawMonoMs()
  for (let batch = batches.next(); batch.length > 0; batch = batches.next()) {
    const leaseIds = batch.map(({ leaseId }) => leaseId)
    const written = pipe.written({ type: 'began', leaseIds } satisfies FromHost)
    if (written !== undefined) await written
    let atMs = rawMonoMs()
    for (const attempt of batch) {
      begun[0]! += 1
      void run(attempt)
      const nowMs = rawMonoMs()
      batches.took(attempt.type, nowMs - atMs)
      atMs = nowMs
    }
    if (atMs - sinceMs < BEGIN_MS_MAX) continue
    // Results leave, and aborts come in.
    await setImmediate()
    sinceMs = rawMonoMs()
  }
  beginning = false
}

async function run(attempt: AttemptInput): Promise<void> {
  const { leaseId } = attempt
  const control = running.get(leaseId)
  if (runner === undefined || control === undefined) throw new Error('a run before the load')
  const outcome = await runner.run(attempt, control)
  running.delete(leaseId)
  outcomes.push({ leaseId, outcome })
  if (outcomes.length === 1) queueMicrotask(sayOutcomes)
}

/** What has ended in one turn is told in one line. */
function sayOutcomes(): void {
  const list = outcomes
  outcomes = []
  for (const some of inLines(list, charsOf)) say({ type: 'outcomes', list: [...some] })
}

function charsOf({ outcome }: HostOutcome): number {
  if (outcome.kind === 'completed') return outcome.result.length
  return outcome.kind === 'failed' ? outcome.error.message.length + (outcome.error.stack?.length ?? 0) : 0
}

/** Lines of `ctx.log`: bounded here, so that a flood of them fills no memory on its way. */
function log(attempt: AttemptInput, entry: LogEntry): void {
  const fields = Object.entries(entry.fields ?? {}).map(([name, value]) => ` ${name}=${String(value)}`)
  const text = `${attempt.type} ${attempt.taskId}: ${String(entry.text)}${fields.join('')}`
  for (const line of budget.take(text)) say({ type: 'log', level: entry.level, text: line.slice(0, LOG_CHARS_MAX) })
}
