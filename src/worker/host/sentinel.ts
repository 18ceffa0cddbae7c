// Outlives its host by a moment, to end what the host leaves: a shell in a process group of its own that waits on a pipe which
// only the host holds. It is told of the group of each command before the command begins, and when the pipe closes,
// however the host came to its end, it ends these groups and that of the host. It holds the listening socket too: the
// port refuses only when no code is left, commands included, and that is what makes proof of death true (design: section
// 6); and a pipe to the worker, which takes the host for gone when the sentinel is.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { DtrError } from '../../errors.js'
import type { Groups } from '../../runner/groups.js'

/** Inherited from the worker; see process.ts. */
const LISTENING_FD = 5
const GONE_FD = 6
const SCRIPT = `
groups=" $0 "
while read -r what group; do
  case $what in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done`

export class Sentinel implements Groups {
  readonly #groups = new Set<number>()
  #process: ChildProcess | undefined

  constructor() {
    this.#process = this.#post()
  }

  #post(): ChildProcess {
    const sentinel = spawn('/bin/sh', ['-c', SCRIPT, String(process.pid)], {
      detached: true,
      stdio: ['pipe', GONE_FD, 'ignore', LISTENING_FD],
    })
    // Where there is no shell the watchdog alone ends the group of the host, while that lives.
    sentinel.on('error', () => this.#lost(sentinel))
    sentinel.once('exit', () => this.#lost(sentinel))
    sentinel.stdin?.on('error', () => {})
    // It keeps no host from ending by itself.
    sentinel.unref()
    const pipe = sentinel.stdin as Partial<{ unref(): void }> | null
    pipe?.unref?.()
    return sentinel
  }

  async add(group: number): Promise<void> {
    this.#process ??= this.#post()
    this.#groups.add(group)
    const stdin = this.#process.stdin
    if (stdin === null) throw new DtrError('internal', 'no shell, /bin/sh, could be started beside it')
    await written(stdin, `+ ${group}\n`)
  }

  remove(group: number): void {
    if (this.#groups.delete(group)) this.#process?.stdin?.write(`- ${group}\n`)
  }

  /** Nobody would end the commands any more if this host were killed: they end now, and their tasks are tried again. */
  #lost(sentinel: ChildProcess): void {
    if (this.#process !== sentinel) return
    this.#process = undefined
    for (const group of this.#groups) endGroup(group)
    this.#groups.clear()
  }
}

/** Once it is in the system's hands it is read, even if this process ends now. */
function written(pipe: Writable, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    pipe.write(line, (error) => (error ? reject(error) : resolve()))
  })
}

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
