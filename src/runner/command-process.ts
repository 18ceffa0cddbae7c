// One run of a command: a process group of its own, from its start to the end of all of it.
//
//   held back --its group is known--> runs --exit--> its output ends --close--> over
//                                       \--told to end: SIGTERM--grace: SIGKILL--/
//
// What always holds: its code does not begin before its group is known to whoever outlives the host; nothing of the group is
// left when it is over; what holds its output open beyond its end (a grandchild) is waited for LINGER_MS and no longer, as
// is what has left the group, which nobody can end.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { messageOf } from '../errors.js'
import type { GroupMemory } from './group-memory.js'
import type { Groups } from './groups.js'
import { Head, Tail } from './kept-output.js'
import { isHeapFull } from './out-of-memory.js'

export interface CommandRun {
  readonly argv: readonly string[]
  readonly stdin: string | Buffer | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** From SIGTERM to SIGKILL. */
  readonly killGraceMs: number
  readonly groups: Groups
  readonly stdoutBytesMax: number
  /** Told what it prints, as it comes, of either output. */
  said(text: string): void
  /** What its group may have; it is killed when it has more. */
  readonly memory?: { readonly bytesMax: number; readonly of: GroupMemory } | undefined
}

export interface CommandEnd {
  /** One of the two, unless it could not be started. */
  readonly exitCode?: number
  readonly signal?: string
  readonly notStarted?: { readonly code: string | undefined; readonly message: string }
  /** It was told to end before it did. */
  readonly toldToEnd: boolean
  /** So much its group had when it was killed for that. */
  readonly memoryBytes?: number
  /** It said so itself. */
  readonly heapFull: boolean
  readonly stdout: Head
  readonly stderr: Tail
}

/** So much of its standard error is told, and fits into a message with what stands before it. */
const STDERR_BYTES_MAX = 3_900
/** For what is left of its group to close its output, after its own end. */
const LINGER_MS = 1_000
/** After SIGKILL: what still holds the output is beyond our reach. */
const RELEASE_MS = 200
/** The process that becomes the command waits for a word first; where that does not come it ends. */
const HELD_BACK = 'read -r go <&3 && exec "$@" 3<&-'
const GO_FD = 3

/** Never rejects. */
export function runCommand(run: CommandRun): Promise<CommandEnd> {
  return new CommandProcess(run).ended
}

class CommandProcess {
  readonly ended: Promise<CommandEnd>
  readonly #run: CommandRun
  readonly #stdout: Head
  readonly #stderr = new Tail(STDERR_BYTES_MAX)
  #child: ChildProcess | undefined
  #notStarted: CommandEnd['notStarted']
  #exit: { readonly exitCode?: number; readonly signal?: string } = {}
  #hasExited = false
  #toldToEnd = false
  #timer: NodeJS.Timeout | undefined
  #memoryBytes: number | undefined
  #heapFull = false
  #unwatch = (): void => {}
  #end: (end: CommandEnd) => void = () => {}
  readonly #abort = (): void => this.#tellToEnd()

  constructor(run: CommandRun) {
    this.#run = run
    this.#stdout = new Head(run.stdoutBytesMax)
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    try {
      this.#start()
    } catch (error) {
      this.#failed(error)
    }
  }

  #start(): void {
    const { argv, stdin, environment, signal } = this.#run
    const child = spawn('/bin/sh', ['-c', HELD_BACK, 'sh', ...argv], {
      // A group of its own, and no terminal: it can be ended alone.
      detached: true,
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', 'pipe'],
      env: environment,
    })
    this.#child = child
    child.on('error', (error) => {
      if (child.pid === undefined) this.#failed(error)
    })
    if (child.pid === undefined) return
    if (child.stdout !== null) this.#keep(child.stdout, this.#stdout)
    if (child.stderr !== null) this.#keep(child.stderr, this.#stderr)
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#heapFull ||= isHeapFull(chunk)
    })
    // A command need not read its input, nor take it all.
    for (const stream of child.stdio) stream?.on('error', () => {})
    if (stdin !== undefined) child.stdin?.end(stdin)
    this.#watchMemory(child.pid)
    child.once('exit', (code, by) => this.#exited(code, by))
    child.once('close', () => this.#closed())
    signal.addEventListener('abort', this.#abort)
    if (signal.aborted) this.#tellToEnd()
    this.#run.groups.add(child.pid).then(
      () => (child.stdio[GO_FD] as Writable).end('go\n'),
      (error: unknown) => {
        this.#notStarted = { code: undefined, message: messageOf(error) }
        this.#kill()
      },
    )
  }

  #keep(output: Readable, kept: Head | Tail): void {
    const decoder = new StringDecoder('utf8')
    output.on('data', (chunk: Buffer) => {
      kept.add(chunk)
      this.#run.said(decoder.write(chunk))
    })
    output.once('end', () => this.#run.said(decoder.end()))
  }

  #watchMemory(group: number): void {
    const { memory } = this.#run
    if (memory === undefined) return
    this.#unwatch = memory.of.watch(group, (bytes) => {
      if (bytes <= memory.bytesMax || this.#memoryBytes !== undefined) return
      this.#memoryBytes = bytes
      this.#kill()
    })
  }

  #failed(error: unknown): void {
    this.#notStarted = { code: (error as NodeJS.ErrnoException).code, message: messageOf(error) }
    this.#over()
  }

  #tellToEnd(): void {
    if (this.#toldToEnd || this.#hasExited) return
    this.#toldToEnd = true
    this.#send('SIGTERM')
    // One that is stopped hears nothing.
    this.#send('SIGCONT')
    this.#killIn(this.#run.killGraceMs)
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#hasExited = true
    this.#exit = { ...(code !== null && { exitCode: code }), ...(signal !== null && { signal }) }
    // What was told to end has its grace, grandchildren included.
    if (!this.#toldToEnd) this.#killIn(LINGER_MS)
  }

  /** It has ended, and nothing comes from it any more. */
  #closed(): void {
    this.#send('SIGKILL')
    if (this.#child?.pid !== undefined) this.#run.groups.remove(this.#child.pid)
    this.#over()
  }

  #killIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#kill(), ms)
  }

  #kill(): void {
    this.#send('SIGKILL')
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      for (const stream of this.#child?.stdio ?? []) stream?.destroy()
    }, RELEASE_MS)
  }

  #send(signal: NodeJS.Signals): void {
    if (this.#child?.pid === undefined) return
    try {
      process.kill(-this.#child.pid, signal)
    } catch {
      // Nobody is left in its group.
    }
  }

  #over(): void {
    clearTimeout(this.#timer)
    this.#unwatch()
    this.#run.signal.removeEventListener('abort', this.#abort)
    this.#end({
      ...this.#exit,
      ...(this.#notStarted !== undefined && { notStarted: this.#notStarted }),
      toldToEnd: this.#toldToEnd,
      ...(this.#memoryBytes !== undefined && { memoryBytes: this.#memoryBytes }),
      heapFull: this.#heapFull,
      stdout: this.#stdout,
      stderr: this.#stderr,
    })
  }
}
