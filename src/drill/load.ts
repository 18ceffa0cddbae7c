// The load that a cluster is under: what was submitted and accepted, and what the client was told of its end.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../client/client.js'
import type { TaskEnd } from '../client/task-end.js'
import type { Chance } from './chance.js'
import type { Accepted } from './history.js'
import type { DrillPayload } from './witness-tasks.js'

const RETRIES = 30
/** Workers of drills that say so serve it. */
export const COMMAND_TYPE = 'drill-command'

export interface TaskPlan extends Partial<Omit<DrillPayload, 'witness' | 'ms'>> {
  /** How long it takes, or between which two it is drawn. */
  readonly ms: number | readonly [least: number, most: number]
  readonly endsWith?: string
  readonly delayMs?: number
  /** As a command beside the host, not as a function in it. */
  readonly asCommand?: boolean
  readonly timeoutMs?: number
  readonly retries?: number
}

/** How it is submitted, not what of. */
type Terms = 'endsWith' | 'delayMs' | 'asCommand' | 'timeoutMs' | 'retries'

export interface LoadOptions {
  readonly client: Client
  readonly chance: Chance
  readonly type: string
  readonly payloadOf: (plan: Omit<TaskPlan, Terms> & { readonly ms: number }) => object
}

export class Load {
  readonly accepted: Accepted[] = []
  /** By id. */
  readonly told = new Map<string, TaskEnd>()
  readonly #options: LoadOptions
  readonly #submits: Promise<void>[] = []
  readonly #ends: Promise<void>[] = []
  #streaming: AbortController | undefined

  constructor(options: LoadOptions) {
    this.#options = options
  }

  /** Resolves when all of them are accepted. */
  async submit(count: number, plan: TaskPlan): Promise<readonly string[]> {
    return Promise.all(Array.from({ length: count }, () => this.#submit(plan)))
  }

  /** A task every so often. Submits that nobody answers go on by themselves (P2). */
  stream(everyMs: number, plan: TaskPlan): void {
    this.#streaming = new AbortController()
    const { signal } = this.#streaming
    const send = async (): Promise<void> => {
      for (; !signal.aborted; await pause(everyMs)) {
        const submitted = this.#submit(plan).then(() => {})
        submitted.catch(() => {})
        this.#submits.push(submitted)
      }
    }
    this.#submits.push(send())
  }

  stop(): void {
    this.#streaming?.abort()
  }

  /** Resolves when all that was submitted is accepted and has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#submits)
    await Promise.all(this.#ends)
  }

  async #submit({
    endsWith,
    delayMs = 0,
    asCommand,
    timeoutMs,
    retries = RETRIES,
    ...plan
  }: TaskPlan): Promise<string> {
    const { client, chance, payloadOf } = this.#options
    const type = asCommand === true ? COMMAND_TYPE : this.#options.type
    const payload = payloadOf({ ...plan, ms: typeof plan.ms === 'number' ? plan.ms : chance.between(...plan.ms) })
    const limit = timeoutMs === undefined ? {} : { timeout: timeoutMs }
    const handle = await client.submit(type, payload, { retries, delay: delayMs, ...limit })
    this.accepted.push({ id: handle.id, payload: JSON.stringify(payload), maxAttempts: retries + 1, endsWith })
    const told = handle.ended().then((end) => void this.told.set(end.id, end))
    told.catch(() => {})
    this.#ends.push(told)
    return handle.id
  }
}
