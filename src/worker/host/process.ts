// The worker's side of a host process: starts it, feeds it, ends it.
//
// What always holds: the host leads a process group of its own, and when it is gone so is the group, and those of its
// commands (sentinel.ts); it inherits the listening socket, so that the port refuses only when no code is left (design: section 6); nothing of the cluster's
// secret is in its argv, environment or pipes (P29); `ended` is told once, after everything that it had said.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../errors.js'
import { isHeapFull, KernelKills } from '../../runner/out-of-memory.js'
import type { AttemptInput } from '../../runner/runner.js'
import type { AbortReason, CheckpointAnswer, HostEnd } from '../events.js'
import { columnsOf } from './attempt-columns.js'
import { readFromWatchdog, readHostRow } from './from-host.js'
import { Given } from './given.js'
import { forwardLines } from './output.js'
import { Pipe } from './pipe.js'
import {
  type FromHost,
  inLines,
  type Limits,
  type Recalled,
  type Served,
  type SignOfLife,
  type ToHost,
  type ToWatchdog,
} from './pipe-messages.js'

export interface HostOptions extends Served {
  /** Of the worker's server, to be inherited; `ignore` where there is none. */
  readonly listeningFd: number | 'ignore'
  /** It is ended when it has more. */
  readonly memoryBytesMax?: number | undefined
  /** Of the worker; shown by `ps`. */
  readonly name: string
  /** So many attempts run in it at the same time. */
  readonly slots: number
  spawned(pid: number): void
  alive(sign: SignOfLife): void
  recalled(answer: Recalled): void
  said(messages: readonly FromHost[]): void
  /** A line that its code printed. */
  printed(line: string, to: 'stdout' | 'stderr'): void
  /** @param why there was no room for it */
  ended(end: HostEnd, why?: string): void
}

/** From the end of its pipe to its exit: where it ends by itself its exit code is not to be lost to a kill. */
const EXIT_MS_MAX = 1_000
const HEAP_SHARE = 3 / 4
const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))

/** The descriptors behind it keep their numbers also where there is no socket. */
function socketOr(listeningFd: number | 'ignore'): number | 'pipe' {
  return listeningFd === 'ignore' ? 'pipe' : listeningFd
}

/** So much of what it may have its heap may grow to, unless somebody has said otherwise: garbage is collected in time. */
function heapFlags(memoryBytesMax: number | undefined): string[] {
  if (memoryBytesMax === undefined || /--max[-_]old[-_]space[-_]size/.test(process.env.NODE_OPTIONS ?? '')) return []
  return [`--max-old-space-size=${Math.floor((HEAP_SHARE * memoryBytesMax) / 1_024 ** 2)}`]
}

function charsOf({ payload, meta, checkpoint }: AttemptInput): number {
  return payload.length + (meta?.length ?? 0) + (checkpoint?.length ?? 0)
}

export class HostProcess {
  readonly #options: HostOptions
  readonly #child: ChildProcess
  /** Undefined where the system had no room for the process: it is told as ended. */
  #watchdog: Pipe<SignOfLife | Recalled> | undefined
  #work: Pipe<FromHost> | undefined
  readonly #given = new Given()
  /** The epoch of the last recall. */
  #recalled = 0
  #exit: { code: number | undefined; signal: string | undefined } | undefined
  #workClosed = false
  #stderrClosed = false
  #heapFull = false
  readonly #kernelKills = new KernelKills()
  /** Neither it nor its sentinel is left: its commands have been ended, too. */
  #wholeGone = false
  #ended = false

  constructor(options: HostOptions) {
    this.#options = options
    this.#child = spawn(process.execPath, [...heapFlags(options.memoryBytesMax), MAIN, options.name], {
      detached: true,
      // The watchdog's pipe is 3, the work's 4 (watchdog.ts, main.ts). The socket, 5, and a pipe, 6, are held and never used,
      // by its sentinel too: the socket refuses, and the pipe closes, when nothing of it is left.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', socketOr(options.listeningFd), 'pipe'],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DTR_'))),
    })
    this.#listen((this.#child.stdio as unknown as readonly Duplex[] | undefined) ?? [])
    this.#child.once('spawn', () => options.spawned(this.#child.pid ?? 0))
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) this.#end({}, messageOf(error))
    })
    this.#child.once('exit', (code, signal) => this.#exited(code ?? undefined, signal ?? undefined))
    const { slots, modules, builtins, commands, runners, traced } = options
    this.#send({ type: 'load', slots, modules, builtins, commands, runners, traced })
  }

  #listen([, stdout, stderr, watchdog, work, _socket, held]: readonly Duplex[]): void {
    const options = this.#options
    if (stdout !== undefined) forwardLines(stdout, (line) => options.printed(line, 'stdout'))
    if (stderr !== undefined) {
      forwardLines(stderr, (line) => options.printed(line, 'stderr'))
      stderr.on('data', (chunk: Buffer) => {
        this.#heapFull ||= isHeapFull(chunk)
      })
      stderr.once('close', () => {
        this.#stderrClosed = true
        this.#endIfOver()
      })
    }
    if (watchdog !== undefined) {
      const rows = (said: readonly (SignOfLife | Recalled)[]): void => {
        this.#kernelKills.look()
        for (const row of said) {
          if ('epoch' in row) this.#takeBack(row)
          else options.alive(row)
        }
      }
      this.#watchdog = new Pipe(watchdog, { rows, read: readFromWatchdog, closed: () => {} })
    }
    held?.on('error', () => {})
    held?.once('close', () => this.#goneWhole())
    held?.resume()
    if (work === undefined) return
    this.#work = new Pipe(work, {
      read: (row) => this.#given.understand(readHostRow(row)),
      rows: (messages) => options.said(messages),
      closed: (fault) => this.#closeWork(fault),
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The code of these begins, one after the other, as there are slots. */
  run(attempts: readonly AttemptInput[], epoch: number): void {
    this.#given.add(attempts)
    for (const list of inLines(attempts, charsOf)) this.#send({ type: 'run', epoch, list: columnsOf(list) })
  }

  /** What has not begun of this epoch never does; answered by `recalled`. */
  recall(epoch: number): void {
    this.#recalled = epoch
    this.#tellWatchdog({ recall: epoch })
  }

  #takeBack(answer: Recalled): void {
    // Nobody has asked for it.
    if (answer.epoch !== this.#recalled) return
    this.#given.recalled(answer)
    this.#options.recalled(answer)
  }

  abort(leaseId: string, reason: AbortReason): void {
    this.#send({ type: 'abort', leaseId, reason })
  }

  checkpointed(answer: CheckpointAnswer): void {
    this.#send({ type: 'checkpointed', ...answer })
  }

  /** It ends by itself, in a moment. */
  leave(): void {
    this.#send({ type: 'leave' })
  }

  #send(message: ToHost): void {
    this.#work?.send(message)
  }

  watch(limits: Limits): void {
    this.#tellWatchdog(limits)
  }

  #tellWatchdog(message: ToWatchdog): void {
    this.#watchdog?.send(message)
  }

  /** Ends it and all that it has started. */
  kill(): void {
    if (this.#child.pid === undefined || this.#ended) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // The group is empty already; or it is so young that it leads none yet.
      if (this.#exit === undefined) this.#child.kill('SIGKILL')
    }
  }

  #exited(code: number | undefined, signal: string | undefined): void {
    this.#exit = { code, signal }
    // Commands that its code had started die with it, and what they print is not waited for.
    this.kill()
    // Should the sentinel be frozen, or its pipe be held by what the code has started, nobody waits for long.
    setTimeout(() => setImmediate(() => this.#goneAtLast()), EXIT_MS_MAX).unref()
    this.#endIfOver()
  }

  /** In a later phase than the timer: where this process stood still, its last words are there and have not been read. */
  #goneAtLast(): void {
    this.#stderrClosed = true
    this.#goneWhole()
  }

  #goneWhole(): void {
    this.#wholeGone = true
    this.#endIfOver()
  }

  #endIfOver(): void {
    if (this.#exit === undefined || !this.#workClosed || !this.#wholeGone || !this.#stderrClosed) return
    const { code, signal } = this.#exit
    const full = this.#heapFull ? 'heap' : signal === 'SIGKILL' && this.#kernelKills.haveGrown() ? 'machine' : undefined
    this.#end({
      ...(code !== undefined && { exitCode: code }),
      ...(signal !== undefined && { signal }),
      ...(full !== undefined && { full }),
    })
  }

  #closeWork(fault: unknown): void {
    this.#workClosed = true
    if (this.#exit !== undefined) this.#endIfOver()
    // It lives, and is not to be understood any more: its code wrote to the pipe, or closed it.
    else if (fault !== undefined) this.#killFor('its code wrote into the pipe to its worker')
    else setTimeout(() => this.#killFor('it closed the pipe to its worker and did not end'), EXIT_MS_MAX).unref()
  }

  /** It is its own fault (P11), and it cannot say so itself any more. */
  #killFor(message: string): void {
    if (this.#exit !== undefined) return
    this.#options.said([{ type: 'uncaught', error: { code: 'host_died', message } }])
    this.kill()
  }

  #end(end: HostEnd, why?: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.ended(end, why)
  }
}
