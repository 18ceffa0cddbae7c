// What is told of a drill: what happened when, and how much it was.
import type { MonoMs } from '../clock.js'

export interface Happening {
  /** Since the drill began. */
  readonly atMs: MonoMs
  /** `fault`: injected. `heal`: taken back. `seen`: what the cluster made of it. */
  readonly kind: 'fault' | 'heal' | 'seen'
  readonly text: string
}

export interface Measure {
  readonly what: string
  readonly value: number
  readonly unit: 'ms' | 'count'
}
