// The command of `dtr map --exec`, and what its inputs and ends mean. Pure, but for the look whether the command is there.
import { createHash } from 'node:crypto'
import type { MapItem } from '../client/map.js'
import { TaskFailedError } from '../client/task-end.js'
import { type Command, filled, readCommand } from '../runner/command.js'
import { hasReplacement } from '../runner/replacement.js'
import { quotedWords } from '../runner/words.js'
import { signalNumber } from './joblog.js'

export class MapJob {
  /** Of this command alone: what another has left is not for its workers. */
  readonly type: string
  readonly line: string
  readonly #command: Command

  /** @throws DtrError `bad_input` for a command that cannot be meant, or is not there */
  constructor(line: string) {
    // Where nothing says where the input stands it is the last argument, as GNU parallel has it.
    this.line = hasReplacement(line) ? line : `${line} {}`
    this.type = `job-${createHash('sha256').update(this.line).digest('hex').slice(0, 12)}`
    this.#command = readCommand(line, this.type, this.line)
  }

  payload(input: string, seq: number): unknown {
    return this.#command.numbered ? { input, number: seq } : input
  }

  /** The task of an input: the same in every map of this command over the same store. */
  key(seq: number): string {
    return `${this.type} ${seq}`
  }

  /** Why an input is none for this command, where that is so. */
  refusal(input: string, seq: number): string | undefined {
    const made = filled(this.#command, this.payload(input, seq))
    return 'refusal' in made ? made.refusal : undefined
  }

  /** What runs for an input, as a shell would read it; of one that is refused, what it is. */
  shown(input: string, seq: number): string {
    const made = filled(this.#command, this.payload(input, seq))
    return quotedWords('argv' in made ? made.argv : [...this.#command.argv, input])
  }
}

export interface JobOutput {
  readonly stdout: Buffer
  /** Of a job that failed, what is told of that. */
  readonly stderr: string
  /** -1 where it has none. */
  readonly exitCode: number
  /** Its number; 0 where none ended it. */
  readonly signal: number
}

const NO_EXIT_CODE = -1
const NOTHING = Buffer.alloc(0)

/** @param item of a task whose result is `{ stdout, stderr, encoding }` */
export function outputOf({ result, error }: MapItem): JobOutput {
  if (error === undefined) {
    const { stdout, stderr, encoding } = result as { stdout: string; stderr: string; encoding?: 'base64' }
    return { stdout: Buffer.from(stdout, encoding ?? 'utf8'), stderr, exitCode: 0, signal: 0 }
  }
  const attempt = error instanceof TaskFailedError ? error.attemptError : undefined
  const failed = { stdout: NOTHING, stderr: `${attempt?.message ?? error.message}\n` }
  // It is told to end by SIGTERM, whatever it makes of that.
  if (attempt?.code === 'timeout' || attempt?.code === 'deadline')
    return { ...failed, exitCode: NO_EXIT_CODE, signal: signalNumber('SIGTERM') }
  const signal = signalNumber(attempt?.signal)
  return { ...failed, exitCode: attempt?.exitCode || (signal > 0 ? 0 : NO_EXIT_CODE), signal }
}
