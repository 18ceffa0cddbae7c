// Runs tasks that are commands, each in a process group of its own beside the host, and never in a shell unless the owner of
// the worker wrote one. How a payload reaches a command, and what its output and its exit code mean, is told here.
import { constants } from 'node:os'
import { formatSize } from '../config.js'
import { noBallot } from '../task/ballot.js'
import type { TaskError } from '../task/task.js'
import { type Command, filled, readCommands, type WrittenCommands } from './command.js'
import { type CommandEnd, runCommand } from './command-process.js'
import { GroupMemory } from './group-memory.js'
import type { Groups } from './groups.js'
import type { Head } from './kept-output.js'
import { kernelKills } from './out-of-memory.js'
import {
  type AttemptInput,
  type AttemptOutcome,
  type Control,
  RESULT_BYTES_MAX,
  type Runner,
  type ServedType,
} from './runner.js'
import { taskErrorOf } from './thrown.js'

/** What a shell adds to the number of a signal. */
const SHELL_SIGNAL = 128

export interface ExecOptions extends WrittenCommands {
  /** From SIGTERM to SIGKILL where a command is told to end. */
  readonly killGraceMs: number
  readonly groups: Groups
  /** What a command may have, with all that it has started. */
  readonly memoryBytesMax?: number | undefined
}

export class ExecRunner implements Runner {
  readonly types: readonly ServedType[]
  readonly #commands: ReadonlyMap<string, Command>
  readonly #options: ExecOptions
  readonly #memory: { readonly bytesMax: number; readonly of: GroupMemory } | undefined

  /** @throws DtrError `bad_input` for a command that cannot be meant, or is not there */
  constructor(options: ExecOptions) {
    const commands = readCommands(options)
    this.#options = options
    const { memoryBytesMax: bytesMax } = options
    this.#memory = bytesMax === undefined ? undefined : { bytesMax, of: new GroupMemory() }
    this.#commands = new Map(commands.map((command) => [command.type, command]))
    this.types = commands.map(({ type }) => ({ type }))
  }

  async run(attempt: AttemptInput, control: Control): Promise<AttemptOutcome> {
    const command = this.#commands.get(attempt.type)
    if (command === undefined) return { kind: 'unserved' }
    if (attempt.ballot === true) return failed({ code: 'non_retryable', message: noBallot(attempt.type) }, true)
    const given = givenTo(command, attempt)
    if ('refusal' in given) return failed({ code: 'payload_refused', message: given.refusal }, true)
    const { killGraceMs, groups } = this.#options
    const killsBefore = kernelKills()
    const end = await runCommand({
      argv: given.argv,
      stdin: given.stdin,
      environment: environmentOf(attempt),
      signal: control.signal,
      killGraceMs,
      groups,
      stdoutBytesMax: RESULT_BYTES_MAX,
      said: (text) => control.log(text),
      memory: this.#memory,
    })
    return outcomeOf(command, end, wantOfMemory(end, this.#memory?.bytesMax, killsBefore))
  }
}

type Given = { readonly argv: readonly string[]; readonly stdin?: string | Buffer } | { readonly refusal: string }

function givenTo(command: Command, { payload, encoding }: AttemptInput): Given {
  if (!command.replaces) {
    return { argv: command.argv, stdin: encoding === 'base64' ? Buffer.from(payload, 'base64') : `${payload}\n` }
  }
  if (encoding === 'base64') return { refusal: 'the payload is bytes, and this command takes it as an argument' }
  try {
    return filled(command, JSON.parse(payload) as unknown)
  } catch (error) {
    return { refusal: `the payload is not JSON: ${taskErrorOf(error, 'payload_refused').message}` }
  }
}

/** What makes its side effects happen once, as `ctx` gives it to functions; and its span, where it is traced. */
function environmentOf({ taskId, leaseId, attempt, trace }: AttemptInput): NodeJS.ProcessEnv {
  const own = { ...process.env, DTR_TASK_ID: taskId, DTR_LEASE_ID: leaseId, DTR_ATTEMPT: String(attempt) }
  // A state of some other span, which the worker was started in, is no state of this one.
  return trace === undefined ? own : { ...own, TRACEPARENT: trace.traceparent, TRACESTATE: trace.tracestate }
}

/** In words, where it was that. */
function wantOfMemory(end: CommandEnd, bytesMax = 0, killsBefore = 0): string | undefined {
  const { memoryBytes, heapFull, signal, exitCode, toldToEnd } = end
  if (memoryBytes !== undefined) {
    return `out of memory: with what it had started it had ${formatSize(memoryBytes)}, and the limit is ${formatSize(bytesMax)}`
  }
  if (toldToEnd) return undefined
  // A shell tells the signal of its last command as an exit code.
  const endedBy = (name: 'SIGABRT' | 'SIGKILL'): boolean =>
    signal === name || exitCode === SHELL_SIGNAL + constants.signals[name]
  if (endedBy('SIGABRT') && heapFull) return 'out of memory: the heap of its process was full'
  if (!endedBy('SIGKILL') || (kernelKills() ?? 0) <= killsBefore) return undefined
  return 'out of memory: the machine had none left, and its kernel chose it'
}

function outcomeOf(command: Command, end: CommandEnd, noMemory: string | undefined): AttemptOutcome {
  const { notStarted, exitCode, signal, stderr, toldToEnd } = end
  if (notStarted !== undefined) {
    const tooLong = notStarted.code === 'E2BIG'
    const message = tooLong
      ? 'the payload makes more arguments than the system takes: send where it is'
      : `the command could not be started: ${notStarted.message}`
    return failed({ code: tooLong ? 'too_large' : 'task_failed', message }, tooLong)
  }
  if (exitCode === 0 && !toldToEnd) return command.printsAsIs ? printedOf(end) : resultOf(end.stdout)
  const how = signal === undefined ? `exit code ${exitCode}` : `signal ${signal}`
  const told = stderr.text().trim()
  const final = command.finalAlways || (exitCode !== undefined && command.finalCodes.has(exitCode))
  const why = noMemory === undefined ? how : `${noMemory} (${how})`
  const message = `${why}${toldToEnd ? ', told to end' : ''}${told === '' ? '' : `: ${told}`}`
  const code = noMemory === undefined ? 'task_failed' : 'out_of_memory'
  return failed(
    {
      ...taskErrorOf(message, final ? 'non_retryable' : code),
      ...(exitCode !== undefined && { exitCode }),
      ...(signal !== undefined && { signal }),
    },
    final,
  )
}

function failed(error: TaskError, final: boolean): AttemptOutcome {
  return { kind: 'failed', error, final }
}

/** JSON where it is JSON, else text, else bytes: as it was printed, to the byte, but for blanks around JSON. */
function resultOf(stdout: Head): AttemptOutcome {
  if (stdout.bytes > RESULT_BYTES_MAX) return tooLarge(stdout.bytes)
  const printed = stdout.kept()
  const text = printed.toString('utf8')
  const isText = Buffer.from(text, 'utf8').equals(printed)
  const result = isText ? (jsonIn(text) ?? JSON.stringify(text)) : printed.toString('base64')
  const bytes = Buffer.byteLength(result)
  if (bytes > RESULT_BYTES_MAX) return tooLarge(bytes)
  return { kind: 'completed', result, encoding: isText ? 'json' : 'base64' }
}

/** As it was printed, to the byte: `stdout` as base64 where it is no text. Of standard error the end. */
function printedOf({ stdout, stderr }: CommandEnd): AttemptOutcome {
  if (stdout.bytes > RESULT_BYTES_MAX) return tooLarge(stdout.bytes)
  const printed = stdout.kept()
  const text = printed.toString('utf8')
  const isText = Buffer.from(text, 'utf8').equals(printed)
  const result = isText
    ? JSON.stringify({ stdout: text, stderr: stderr.text() })
    : JSON.stringify({ stdout: printed.toString('base64'), encoding: 'base64', stderr: stderr.text() })
  const bytes = Buffer.byteLength(result)
  if (bytes > RESULT_BYTES_MAX) return tooLarge(bytes)
  return { kind: 'completed', result, encoding: 'json' }
}

function tooLarge(bytes: number): AttemptOutcome {
  const message = `the result has ${bytes} bytes, and the limit is ${RESULT_BYTES_MAX}: write it to a file and print where`
  return failed({ code: 'too_large', message }, true)
}

/** Only what can be written again as well: what is nested too deep for that is text. */
function jsonIn(text: string): string | undefined {
  try {
    JSON.stringify(JSON.parse(text))
    return text.trim()
  } catch {
    return undefined
  }
}
