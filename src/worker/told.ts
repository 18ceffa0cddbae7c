// What a worker tells of itself to whoever asks: whether work can come to it, what it serves, what it runs. Pure.
import type { Instant, WallMs } from '../clock.js'
import { hasMaster, type State } from './state.js'

export interface RunningAttempt {
  readonly taskId: string
  readonly type: string
  readonly attempt: number
  /** Since when its code has it, by this machine's clock. */
  readonly since: WallMs
}

export interface WorkerTold {
  readonly name: string
  readonly slots: number
  readonly queues: readonly string[]
  readonly types: readonly string[]
  /** Why no work comes to it; undefined: it may. */
  readonly idleFor: 'no master' | 'leaving' | undefined
  readonly running: readonly RunningAttempt[]
}

export function toldOf(state: State, { monoMs, wallMs }: Instant): WorkerTold {
  const { config, served, drain, attempts } = state
  const { name, slots, queues } = config
  const begun = [...attempts].filter(({ phase }) => phase === 'begun')
  return {
    ...{ name, slots, queues, types: [...served.keys()] },
    idleFor: drain !== undefined || state.exited ? 'leaving' : hasMaster(state, monoMs) ? undefined : 'no master',
    running: begun.map(({ assignment: { id, type, attempt }, sentAt }) => ({
      ...{ taskId: id, type, attempt },
      since: wallMs - (monoMs - sentAt),
    })),
  }
}
