// The host process: runs users' code, and nothing else. It has no secret, no socket of its own and no say: what it is told
// comes by a pipe, and its watchdog (a thread, started first) ends it whatever the code does; a sentinel ends what it leaves.
import { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { type MonoMs, rawMonoMs } from '../../clock.js'
import { DtrError, messageOf } from '../../errors.js'
import type { LogEntry } from '../../log.js'
import { openRunner } from '../../runner/open.js'
import type { AttemptInput, AttemptOutcome, Runner } from '../../runner/runner.js'
import { taskErrorOf } from '../../runner/thrown.js'
import { closeTracing, openTracing } from '../../tracing/open.js'
import { metaWithout } from '../../tracing/trace-context.js'
import type { Tracing } from '../../tracing/tracing.js'
import type { AbortReason } from '../events.js'
import { attemptsOf } from './attempt-columns.js'
import { Checkpoints } from './checkpoints.js'
import { EventLoop, Marks } from './event-loop.js'
import type { HostRow, Outcomes } from './from-host.js'
import { Gate } from './gate.js'
import { LateControl } from './late-control.js'
import { BEGIN_MS_MAX, Line } from './line.js'
import { LineBudget } from './line-budget.js'
import { Pipe } from './pipe.js'
import { LIST_CHARS_MAX, type ToHost } from './pipe-messages.js'
import { Reports } from './reports.js'
import { Sentinel } from './sentinel.js'

/** Inherited from the worker; see process.ts. */
const WORK_FD = 4
const LOG_CHARS_MAX = 8_000
const EXIT_FAILED = 1

const marks = new Marks()
const loop = new EventLoop(marks)
const gate = new Gate()
const watchdog = new Worker(new URL('./watchdog.js', import.meta.url), {
  workerData: { marks: marks.shared, gate: gate.shared },
})
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
  reports.sayAll()
  sayOutcomes()
  pipe.flush()
})

const running = new Map<string, LateControl>()
const checkpoints = new Checkpoints((checkpoint) => say({ type: 'checkpoint', ...checkpoint }))
const budget = new LineBudget()
const reports = new Reports({
  isRunning: (leaseId) => running.has(leaseId),
  unreadBytes: () => pipe.unreadBytes,
  say: (list) => say({ type: 'reports', list }),
})
const shared = { reports, loop, checkpoints }
let runner: Runner | undefined
let tracing: Tracing | undefined
let line = new Line(1)
/** Of what is in the line. */
let epoch = 0
/** So many have passed the gate. */
let begun = 0
/** When this turn of the event loop began to begin attempts, if it did. */
let turnMs: MonoMs | undefined
/** What was said is still on its way to the system. */
let writing = false
/** What was not told yet of those that have ended. */
let outcomes = noOutcomes()
let outcomeChars = 0

function noOutcomes(): Outcomes {
  return { type: 'outcomes', nths: [], tookMs: [], outcomes: [] }
}

function say(message: HostRow): void {
  pipe.send(message)
}

async function leaveWith(lastWords: HostRow): Promise<void> {
  reports.sayAll()
  sayOutcomes()
  await pipe.written(lastWords)
  process.exit(EXIT_FAILED)
}

type Load = Extract<ToHost, { type: 'load' }>
type Run = Extract<ToHost, { type: 'run' }>

function receive(message: ToHost): void {
  switch (message.type) {
    case 'load':
      void load(message)
      return
    case 'run':
      take(message)
      begin()
      return
    case 'abort':
      running.get(message.leaseId)?.abort(new DtrError(message.reason, WHY[message.reason]))
      return
    case 'checkpointed':
      checkpoints.answered(message)
      return
    case 'leave':
      // As its worker would end it: with all that its code has started.
      void closeTracing().finally(() => process.kill(-process.pid, 'SIGKILL'))
  }
}

const WHY: Readonly<Record<AbortReason, string>> = {
  timeout: 'the limit of this run is over',
  deadline: 'the deadline of this task is over',
  cancelled: 'this task was cancelled',
  stale: 'this attempt is not wanted any more: its lease is over',
  lost: 'this worker has lost its master',
  stopping: 'this worker stops, and the time to finish is nearly over',
}

async function load({ slots, modules, builtins, commands, runners, traced }: Load): Promise<void> {
  line = new Line(slots)
  try {
    runner = await openRunner({
      ...{ modules, builtins, runners, log },
      commands: commands === undefined ? undefined : { ...commands, groups: sentinel },
    })
    // After the users' modules: what they register for their own spans comes first.
    if (traced === true)
      tracing = await openTracing({ service: 'dtr-worker', name: process.argv[2] ?? '', forAll: true })
    say({ type: 'ready', types: [...runner.types] })
  } catch (error) {
    const hint = error instanceof DtrError && error.hint !== undefined ? ` (${error.hint})` : ''
    await leaveWith({ type: 'unfit', message: taskErrorOf(`${messageOf(error)}${hint}`, 'bad_input').message })
  }
}

function take({ epoch: given, list: columns }: Run): void {
  if (given !== epoch) {
    dropLine()
    epoch = given
    gate.open(epoch)
  }
  const list = attemptsOf(columns)
  for (const { leaseId } of list) running.set(leaseId, new LateControl(leaseId, shared))
  line.add(list)
}

/** The worker has taken them back. */
function dropLine(): void {
  for (const { leaseId } of line.clear()) running.delete(leaseId)
}

/**
 * Begins what can be begun, for BEGIN_MS_MAX in a turn of the event loop: then results leave, and aborts come in. Each begins
 * after it was written that it does: that is what tells it from one that never began, however it goes on.
 */
function begin(): void {
  while (!writing) {
    if (!line.hasTold && !tell()) return
    if (!line.mayBegin) return
    if (!gate.pass()) return dropLine()
    begun += 1
    const attempt = line.begin()
    const beganMs = rawMonoMs()
    void run(attempt, begun, beganMs)
    line.letGo(attempt.type, rawMonoMs() - beganMs)
  }
}

/** @returns whether some can begin now */
function tell(): boolean {
  // First what costs no turn: while all slots are in use the next turn would come at once, and so on without end.
  if (!line.mayTell || isTurnOver()) return false
  const list = line.tell()
  sayOutcomes()
  // All that were told of before have begun, or were taken back.
  const written = pipe.written({ type: 'began', epoch, upTo: begun + list.length } satisfies HostRow)
  if (written === undefined) return true
  writing = true
  void written.then(() => {
    writing = false
    begin()
  })
  return false
}

function isTurnOver(): boolean {
  if (turnMs === undefined) {
    turnMs = rawMonoMs()
    setImmediate(() => {
      turnMs = undefined
      sayOutcomes()
      begin()
    })
  }
  return rawMonoMs() - turnMs >= BEGIN_MS_MAX
}

async function run(attempt: AttemptInput, nth: number, beganMs: MonoMs): Promise<void> {
  const { leaseId } = attempt
  const control = running.get(leaseId)
  if (runner === undefined || control === undefined) throw new Error('a run before the load')
  control.beganMs = beganMs
  const outcome = await (tracing?.run(attempt, control, runner) ?? runner.run(withOwnMeta(attempt), control))
  const tookMs = rawMonoMs() - beganMs
  reports.end(leaseId)
  running.delete(leaseId)
  control.ended()
  line.ended(attempt.type, tookMs)
  keepOutcome(nth, outcome, tookMs)
  begin()
  // While others begin in this turn they leave together.
  if (outcomes.nths.length > 0 && (line.isEmpty || turnMs === undefined)) queueMicrotask(sayOutcomes)
}

/** What stands in its meta for a trace is not its user's. */
function withOwnMeta(attempt: AttemptInput): AttemptInput {
  if (attempt.meta === undefined) return attempt
  const own = metaWithout(attempt.meta)
  if (own === attempt.meta) return attempt
  const { meta: _, ...rest } = attempt
  return own === undefined ? rest : { ...rest, meta: own }
}

function keepOutcome(nth: number, outcome: AttemptOutcome, tookMs: number): void {
  const isPlain = outcome.kind === 'completed' && outcome.encoding === 'json' && outcome.ballot === undefined
  outcomes.nths.push(nth)
  outcomes.tookMs.push(Math.round(tookMs * 1_000) / 1_000)
  outcomes.outcomes.push(isPlain ? outcome.result : outcome)
  outcomeChars += charsOf(outcome)
  if (outcomeChars >= LIST_CHARS_MAX) sayOutcomes()
}

/** What has ended in one turn is told in one line, if it fits. */
function sayOutcomes(): void {
  if (outcomes.nths.length === 0) return
  say(outcomes)
  outcomes = noOutcomes()
  outcomeChars = 0
}

function charsOf(outcome: AttemptOutcome): number {
  if (outcome.kind === 'completed') return outcome.result.length + (outcome.ballot?.length ?? 0)
  return outcome.kind === 'failed' ? outcome.error.message.length + (outcome.error.stack?.length ?? 0) : 0
}

/** Lines of `ctx.log`, for the worker's own log: bounded here, so that a flood of them fills no memory on its way. */
function log(attempt: AttemptInput, entry: LogEntry): void {
  const fields = Object.entries(entry.fields ?? {}).map(([name, value]) => ` ${name}=${String(value)}`)
  const text = `${attempt.type} ${attempt.taskId}: ${String(entry.text)}${fields.join('')}`
  for (const line of budget.take(text)) say({ type: 'log', level: entry.level, text: line.slice(0, LOG_CHARS_MAX) })
}
