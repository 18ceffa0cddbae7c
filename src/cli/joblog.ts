// The joblog of `dtr map --exec`, in GNU parallel's columns: a line for each job that has ended, so that a map that is begun
// again knows what is left. Lines are pure; the file is appended to, and a last line that a crash tore is cut off.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { DtrError } from '../errors.js'
import { cannotWrite } from '../folders.js'

export interface JobEnd {
  /** Of the input, from 1. */
  readonly seq: number
  /** The worker that ran it; none where none did. */
  readonly host: string | undefined
  readonly startedWallMs: number
  readonly runtimeMs: number
  readonly sentBytes: number
  readonly receivedBytes: number
  /** -1 where it has none. */
  readonly exitCode: number
  /** Its number; 0 where none ended it. */
  readonly signal: number
  /** As a shell would read it, on one line. */
  readonly command: string
}

/** What a joblog says of a job, the last time that it ended. */
export interface LoggedJob {
  readonly command: string
  readonly failed: boolean
}

const HEADER = 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand'
const LINE = /^(\d+)\t[^\t]*\t *[\d.]+\t *-?[\d.]+\t\d+\t\d+\t(-?\d+)\t(\d+)\t(.*)$/
/** As GNU parallel calls the machine itself. */
const NO_HOST = ':'
const NEWLINE = 0x0a

export function jobLine(job: JobEnd): string {
  const { seq, host = NO_HOST, startedWallMs, runtimeMs, sentBytes, receivedBytes, exitCode, signal, command } = job
  const started = (startedWallMs / 1_000).toFixed(3)
  const runtime = (runtimeMs / 1_000).toFixed(3).padStart(10)
  return [seq, host, started, runtime, sentBytes, receivedBytes, exitCode, signal, command].join('\t')
}

/**
 * @param text whole lines
 * @throws DtrError `bad_input` that names the line that is none of a joblog
 */
export function readJobs(text: string, file: string): ReadonlyMap<number, LoggedJob> {
  const jobs = new Map<number, LoggedJob>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || (index === 0 && line === HEADER)) continue
    const [, seq, exitCode, signal, command = ''] = LINE.exec(line) ?? []
    if (seq === undefined) {
      throw new DtrError('bad_input', `--joblog: line ${index + 1} of ${file} is not of a joblog`, {
        hint: 'name another file, or leave --resume away to begin it anew',
      })
    }
    jobs.set(Number(seq), { command, failed: exitCode !== '0' || signal !== '0' })
  }
  return jobs
}

/** GNU parallel tells signals by their numbers. */
export function signalNumber(name: string | undefined): number {
  return name === undefined ? 0 : ((constants.signals as Readonly<Record<string, number>>)[name] ?? 0)
}

/** Of what a crash tore the part that is there is no line. */
export function wholeLines(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1)
}

export class Joblog {
  /** What had ended before, by the number of its input. */
  readonly logged: ReadonlyMap<number, LoggedJob>
  readonly #file: string
  readonly #descriptor: number
  readonly #keptBytes: number

  private constructor(file: string, kept: Buffer) {
    this.logged = readJobs(kept.toString('utf8'), file)
    this.#file = file
    this.#keptBytes = kept.length
    this.#descriptor = writing(file, () => openSync(file, 'a'))
  }

  /** What it says, without touching it. @throws DtrError `bad_input` */
  static read(file: string): ReadonlyMap<number, LoggedJob> {
    return readJobs(contentOf(file).toString('utf8'), file)
  }

  /** Changes nothing yet. @param resume goes on with what is there; else it is begun anew. @throws DtrError `bad_input` */
  static open(file: string, resume: boolean): Joblog {
    return new Joblog(file, resume ? contentOf(file) : Buffer.alloc(0))
  }

  /** From now on it is that of this map. @throws DtrError `bad_input` */
  begin(): void {
    writing(this.#file, () => ftruncateSync(this.#descriptor, this.#keptBytes))
    if (this.#keptBytes === 0) this.#write(HEADER)
  }

  append(job: JobEnd): void {
    this.#write(jobLine(job))
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #write(line: string): void {
    const bytes = Buffer.from(`${line}\n`)
    for (let written = 0; written < bytes.length; ) {
      written += writing(this.#file, () => writeSync(this.#descriptor, bytes, written))
    }
  }
}

function contentOf(file: string): Buffer {
  try {
    return wholeLines(readFileSync(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw cannotWrite(`${file} cannot be read`, error, '--joblog FILE')
  }
}

function writing<Value>(file: string, write: () => Value): Value {
  try {
    return write()
  } catch (error) {
    throw cannotWrite(`${file} cannot be written`, error, '--joblog FILE')
  }
}
