// For the price of the host's hop alone: a host that is no process. It stands in a copy of dtr beside the real one, from
// which it takes the runner; nothing guards what runs in it.
import type { AttemptInput, Control, Runner } from '../../../dist/src/runner/runner.js'
import type { HostHandle } from '../../../dist/src/worker/host/hosts.js'
import type { HostOptions } from '../../../dist/src/worker/host/process.js'

type Outcome = Extract<Parameters<HostOptions['said']>[0][number], { type: 'outcomes' }>['list'][number]

/** As seen from where it stands in the copy. */
const RUNNER = '../../runner/open.js'
const ALIVE_MS = 200

export class InProcessHost implements HostHandle {
  readonly pid = process.pid
  readonly #options: HostOptions
  readonly #signs: NodeJS.Timeout
  /** What the measured code never asks for. */
  readonly #control: Control = {
    signal: new AbortController().signal,
    progress: () => {},
    log: () => {},
    checkpoint: async () => {},
  }
  #runner: Runner | undefined
  #ended: Outcome[] = []
  #begun = 0

  constructor(options: HostOptions) {
    this.#options = options
    this.#signs = setInterval(() => options.alive({ begun: this.#begun, memoryBytes: 0, blockedMs: 0 }), ALIVE_MS)
    setImmediate(() => void this.#load())
  }

  async #load(): Promise<void> {
    const { modules, builtins, spawned, said } = this.#options
    spawned(process.pid)
    const { openRunner } = (await import(RUNNER)) as typeof import('../../../dist/src/runner/open.js')
    this.#runner = await openRunner({ modules, builtins, log: () => {} })
    said([{ type: 'ready', types: [...this.#runner.types] }])
  }

  recall(): void {}

  run(attempts: readonly AttemptInput[]): void {
    setImmediate(() => {
      this.#options.said([{ type: 'began', leaseIds: attempts.map(({ leaseId }) => leaseId) }])
      this.#begun += attempts.length
      for (const attempt of attempts) void this.#run(attempt)
    })
  }

  async #run(attempt: AttemptInput): Promise<void> {
    const beganMs = performance.now()
    const outcome = await this.#runner!.run(attempt, this.#control)
    if (this.#ended.length === 0) {
      setImmediate(() => {
        const list = this.#ended
        this.#ended = []
        this.#options.said([{ type: 'outcomes', list }])
      })
    }
    this.#ended.push({ leaseId: attempt.leaseId, outcome, tookMs: performance.now() - beganMs })
  }

  abort(): void {}

  checkpointed(): void {}

  watch(): void {}

  kill(): void {
    clearInterval(this.#signs)
    setImmediate(() => this.#options.ended({ exitCode: 0 }))
  }
}
