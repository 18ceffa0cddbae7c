// dtr map --exec: a command for each input, on a cluster of its own for the time; GNU parallel's words for what it shares.
//
// What always holds: a job is in the joblog when it has ended and its output was given out, and not before; whatever ends a
// map leaves its other jobs in the store, as they are, and the same map with --resume goes on with them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../client/client.js'
import type { MapItem } from '../client/map.js'
import { idOfKey, specsOf, type TaskOptions } from '../client/spec.js'
import { systemClock } from '../clock.js'
import type { GivenSettings, SettingName } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { cannotWrite, makeFolders } from '../folders.js'
import { readRunFiles, runFolder } from '../net/run-file.js'
import type { FlagWords } from './command.js'
import type { Flags } from './flags.js'
import { type Halt, isReached, readHalt } from './halt.js'
import { type MapWords, textsOf } from './inputs.js'
import { Joblog, type LoggedJob } from './joblog.js'
import { MapCluster } from './map-cluster.js'
import { MapJob, outputOf } from './map-job.js'
import { MapProgress } from './map-progress.js'
import { note, type Output } from './output.js'
import { END_SIGNALS, onEndSignals } from './signals.js'
import { taskOptions } from './submit.js'

/** Of a map with --exec alone. */
export const EXEC_FLAGS: Readonly<Record<string, FlagWords>> = {
  joblog: {
    about: 'a line for each job that has ended, in the columns of GNU parallel',
    value: 'FILE',
    words: 'files',
  },
  resume: { about: 'only what is left, by the joblog' },
  'resume-failed': { about: 'only what is left or has failed, by the joblog' },
  halt: { about: 'when to end early: soon or now, then fail=1, fail=10% or success=1', value: 'soon,fail=1' },
  results: { about: 'keep the output of job N in DIR/N/stdout and DIR/N/stderr', value: 'DIR', words: 'folders' },
  'dry-run': { about: 'print the commands and run nothing' },
  bar: { about: 'show how far it is, on a terminal' },
}

/** Settings of the cluster that is started. */
export const EXEC_SETTINGS: readonly SettingName[] = ['workers', 'slots', 'killGrace', 'memoryLimit']

/** As of GNU parallel: the number of jobs that failed, and this where there are more. */
const EXIT_FAILED_MAX = 101

export async function mapExec(line: string, words: MapWords, flags: Flags, output: Output): Promise<number> {
  const plan = readPlan(line, words, flags)
  if (plan.dryRun) return showCommands(plan, output)
  if (readRunFiles(runFolder(plan.data)).length > 0) {
    note('note: the workers that run here serve what their owner named; --exec starts some of its own for the time')
  }
  return new ExecMap(plan, output).run()
}

/** What was asked for, read whole before anything starts. */
interface Plan {
  readonly job: MapJob
  readonly inputs: AsyncIterable<string> | Iterable<string>
  readonly options: TaskOptions
  readonly settings: GivenSettings
  readonly data: string
  readonly joblog: string | undefined
  readonly resume: boolean
  readonly retryFailed: boolean
  readonly halt: Halt | undefined
  readonly results: string | undefined
  readonly ordered: boolean
  readonly bar: boolean
  readonly dryRun: boolean
}

function readPlan(line: string, words: MapWords, flags: Flags): Plan {
  const [extra] = words.words
  if (extra !== undefined) {
    throw new DtrError('bad_input', `--exec and the argument ${extra}: a map is of a command or of a task type`, {
      hint: 'inputs stand behind ::: or on standard input',
    })
  }
  const { master, data } = flags.settings(['master', 'data'])
  if (master !== undefined) {
    throw new DtrError('bad_input', `--master: the workers of ${master} run only what their owner named`, {
      hint: `let the owner say dtr worker --exec 'TYPE=${line}'; then dtr map TYPE --lines`,
    })
  }
  const joblog = flags.text('joblog')
  const retryFailed = flags.has('resume-failed')
  const resume = retryFailed || flags.has('resume')
  if (resume && joblog === undefined) {
    throw new DtrError('bad_input', `--resume${retryFailed ? '-failed' : ''}: the joblog says what is left`, {
      hint: 'say --joblog FILE, here and the first time',
    })
  }
  const halt = flags.text('halt')
  const job = new MapJob(line)
  const options = taskOptions(flags)
  specsOf(job.type, options)
  return {
    job,
    inputs: textsOf(words),
    options,
    settings: flags.settings([...EXEC_SETTINGS, 'secretFile']),
    data: data ?? '.dtr',
    joblog,
    resume,
    retryFailed,
    halt: halt === undefined ? undefined : readHalt(halt),
    results: flags.text('results'),
    ordered: flags.has('ordered'),
    bar: flags.has('bar'),
    dryRun: flags.has('dry-run'),
  }
}

interface Job {
  readonly seq: number
  readonly input: string
}

/** The inputs that are left, numbered. @throws DtrError `bad_input` where the joblog is of others */
async function* jobsLeft(plan: Plan, logged: ReadonlyMap<number, LoggedJob>): AsyncGenerator<Job, void, void> {
  let seq = 0
  for await (const input of plan.inputs) {
    seq += 1
    const before = logged.get(seq)
    if (before !== undefined) checkSame(plan, before, plan.job.shown(input, seq), seq)
    if (before === undefined || (plan.retryFailed && before.failed)) yield { seq, input }
  }
}

function checkSame({ joblog }: Plan, { command }: LoggedJob, shown: string, seq: number): void {
  if (command === shown) return
  throw new DtrError('bad_input', `--resume: job ${seq} was ${command}, and would be ${shown}`, {
    hint: `${joblog} is of another command or of other inputs: say the same, or leave --resume away to begin anew`,
  })
}

async function showCommands(plan: Plan, output: Output): Promise<number> {
  const { job, resume, joblog } = plan
  const logged = resume && joblog !== undefined ? Joblog.read(joblog) : new Map<number, LoggedJob>()
  let refused = 0
  for await (const { input, seq } of jobsLeft(plan, logged)) {
    const refusal = job.refusal(input, seq)
    if (refusal === undefined) await output.line(job.shown(input, seq))
    else {
      refused += 1
      note(`dtr: job ${seq}: ${refusal}`)
    }
  }
  return Math.min(refused, EXIT_FAILED_MAX)
}

class ExecMap {
  readonly #plan: Plan
  readonly #output: Output
  readonly #progress: MapProgress
  readonly #starting = new AbortController()
  /** Under way, by their index among those that are left. */
  readonly #jobs = new Map<number, Job>()
  #cluster: MapCluster | undefined
  #client: Client | undefined
  #joblog: Joblog | undefined
  #given = 0
  #ended = 0
  #succeeded = 0
  #isHalted = false
  /** All inputs have ended: there is nothing to go on with. */
  #isWhole = false
  /** The exit code of whoever was asked to leave. */
  #leftWith: number | undefined
  #failure: unknown
  /** Wakes who waits for a job to end. */
  #endSeen: () => void = () => {}

  constructor(plan: Plan, output: Output) {
    this.#plan = plan
    this.#output = output
    this.#progress = new MapProgress(plan.bar)
  }

  async run(): Promise<number> {
    const { joblog, resume, results } = this.#plan
    onEndSignals((count, signal) => {
      if (count === 1) this.#leave(END_SIGNALS[signal])
      else if (count === 2) this.#cluster?.kill()
      else process.exit(END_SIGNALS[signal])
    })
    // A reader that wants no more, such as head, is no failure.
    this.#output.closed.addEventListener('abort', () => this.#leave(EXIT_OK))
    try {
      if (results !== undefined) makeFolders(results, '--results DIR')
      if (joblog !== undefined) this.#joblog = Joblog.open(joblog, resume)
      this.#cluster = await this.#start()
      this.#client = await this.#cluster.client()
      this.#joblog?.begin()
      if (this.#leftWith === undefined) await this.#work(this.#client)
    } catch (error) {
      // That its client was closed is no failure of its own.
      if (this.#leftWith === undefined) throw this.#failure ?? error
    } finally {
      this.#progress.stop()
      this.#client?.close()
      await this.#cluster?.stop()
      this.#joblog?.close()
      if (joblog === undefined || this.#isWhole) this.#cluster?.remove()
    }
    return this.#leftWith ?? Math.min(this.#progress.failed, EXIT_FAILED_MAX)
  }

  #start(): Promise<MapCluster> {
    const { job, joblog, resume, data, options, settings } = this.#plan
    return MapCluster.start({
      data,
      joblog,
      resume,
      settings: {
        ...settings,
        exec: [`${job.type}=${job.line}`],
        execFinal: retriesOf(options) === undefined ? [`${job.type}=any`] : [],
        execOutput: [job.type],
        queues: [options.queue ?? 'default'],
      },
      tell: note,
      ended: () => this.#fail(new DtrError('no_cluster', 'the cluster of this map was ended')),
      signal: this.#starting.signal,
    })
  }

  /** What has not ended stays in the store. */
  #leave(code: number): void {
    if (this.#leftWith !== undefined) return
    this.#leftWith = code
    this.#starting.abort()
    this.#client?.close()
    void this.#cluster?.stop()
    if (this.#plan.joblog !== undefined) note('dtr: leaving; --resume goes on with what is left')
  }

  /** The client is closed before the loop is left, which would cancel what has not ended. */
  #fail(error: unknown): void {
    this.#failure ??= error
    this.#client?.close()
  }

  async #work(client: Client): Promise<void> {
    const { job, halt, options, ordered } = this.#plan
    const items = client.map(job.type, this.#progress.counting(this.#payloads(client)), {
      ...options,
      retries: retriesOf(options),
      ordered,
      keys: (index) => job.key(this.#jobs.get(index)!.seq),
    })
    for await (const item of items) {
      await this.#end(client, item).catch((error: unknown) => this.#fail(error))
      if (this.#failure !== undefined) throw this.#failure
      if (this.#leftWith !== undefined) return
      this.#ended += 1
      if (halt !== undefined && !this.#isHalted && this.#isReached(halt)) this.#halt(halt)
      // As where it fails: closed first.
      if (this.#isHalted && (halt?.when === 'now' || this.#ended === this.#given)) return client.close()
      this.#endSeen()
    }
    this.#isWhole = !this.#isHalted
  }

  async *#payloads(client: Client): AsyncGenerator<unknown, void, void> {
    const { job, halt } = this.#plan
    const logged = this.#joblog?.logged ?? new Map<number, LoggedJob>()
    try {
      for await (const left of jobsLeft(this.#plan, logged)) {
        if (halt !== undefined) await this.#slotFree()
        if (this.#isHalted) return
        const { seq, input } = left
        // One that has failed before may be in the store still, as the failed task that it is.
        if (logged.has(seq)) await client.retry([idOfKey(job.key(seq))])
        this.#jobs.set(this.#given, left)
        this.#given += 1
        yield job.payload(input, seq)
      }
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /** Nothing may wait behind what runs where it must not begin any more. */
  async #slotFree(): Promise<void> {
    while (!this.#isHalted && this.#given - this.#ended >= this.#cluster!.slots) {
      await new Promise<void>((resolve) => {
        this.#endSeen = resolve
      })
    }
  }

  #isReached(halt: Halt): boolean {
    return isReached(halt, { failed: this.#progress.failed, succeeded: this.#succeeded })
  }

  #halt({ when }: Halt): void {
    this.#isHalted = true
    const ended = `${this.#progress.failed} failed, ${this.#succeeded} succeeded`
    note(`dtr: halted: ${ended}${when === 'soon' ? '; what runs may end' : ''}`)
  }

  async #end(client: Client, item: MapItem): Promise<void> {
    const { job, results } = this.#plan
    const { seq, input } = this.#jobs.get(item.index)!
    this.#jobs.delete(item.index)
    if (item.id === undefined && item.error?.code === 'conflict') {
      throw new DtrError('bad_input', `--resume: job ${seq} had another input or other options before`, {
        hint: 'say the same as the first time, or leave --resume away to begin anew',
      })
    }
    // Before its output is given out: where the client was closed meanwhile it is found in the store the next time.
    const [task] = item.id === undefined || this.#joblog === undefined ? [] : await client.get([item.id])
    const { stdout, stderr, exitCode, signal } = outputOf(item)
    if (results !== undefined) {
      // Of a failure the task itself keeps the end of standard error alone; its log has both outputs, in order.
      const [log] = item.error === undefined || item.id === undefined ? [] : (await client.logs(item.id)).slice(-1)
      keep(join(results, String(seq)), { stdout, stderr, ...(log !== undefined && { output: log.text }) })
    }
    if (item.error === undefined) this.#succeeded += 1
    this.#progress.ended(item.state)
    const written = this.#output.bytes(stdout)
    process.stderr.write(item.error === undefined ? stderr : `dtr: job ${seq}: ${stderr}`)
    const endedWallMs = task?.endedAt ?? systemClock.now().wallMs
    const startedWallMs = task?.grantedAt ?? endedWallMs
    this.#joblog?.append({
      seq,
      host: task?.holder?.split('#')[0],
      startedWallMs,
      runtimeMs: endedWallMs - startedWallMs,
      sentBytes: Buffer.byteLength(input),
      receivedBytes: stdout.length,
      exitCode,
      signal,
      command: job.shown(input, seq),
    })
    await written
  }
}

/**
 * None: then the cluster is told that no end of the command is tried again, and the default is for what is lost with its
 * worker. With one attempt alone what a Ctrl-C hands back would have been the last (P10).
 */
function retriesOf({ retries }: TaskOptions): number | undefined {
  return retries === 0 ? undefined : retries
}

/** A file of each. */
function keep(folder: string, outputs: Readonly<Record<string, Buffer | string>>): void {
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, output] of Object.entries(outputs)) writeFileSync(join(folder, name), output)
  } catch (error) {
    throw cannotWrite(`${folder} cannot be written`, error, '--results DIR')
  }
}
