// Those who hold the cluster to its promises. Each sees every happening, and says what is wrong with it.
import type { Happening } from '../happenings.js'
import type { Scene } from '../scene.js'
import { Liveness } from './p17-liveness.js'

export interface Found {
  readonly what: string
  readonly taskId?: string | undefined
}

export interface Checker {
  /** `P5`. */
  readonly promise: string
  see(happening: Happening, scene: Scene): Found | undefined
}

export function checkers(): readonly Checker[] {
  return [new Liveness()]
}
