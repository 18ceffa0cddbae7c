// Those who hold the cluster to its promises. Each sees every happening, and says what is wrong with it.
import type { Facts } from '../facts.js'
import type { Happening } from '../happenings.js'
import type { Scene } from '../scene.js'
import { Durable } from './p01-durable.js'
import { SameTask } from './p02-same-task.js'
import { Story } from './p03-story.js'
import { Acknowledged } from './p04-acknowledged.js'
import { KeptCheckpoints } from './p05-checkpoints.js'
import { Fence } from './p05-fence.js'
import { Recorded } from './p05-recorded.js'
import { Reported } from './p05-reported.js'
import { OneEnd } from './p06-one-end.js'
import { NoOverlap } from './p07-overlap.js'
import { ShortBreak } from './p08-short-break.js'
import { Attempts } from './p09-attempts.js'
import { AtMostOnce } from './p10-at-most-once.js'
import { Neighbours } from './p11-neighbours.js'
import { Operator } from './p11-operator.js'
import { Served } from './p12-served.js'
import { Ends } from './p13-ends.js'
import { Cancel } from './p14-cancel.js'
import { Order } from './p15-order.js'
import { Backoff } from './p16-backoff.js'
import { Liveness } from './p17-liveness.js'
import { Loss } from './p18-loss.js'
import { Blame } from './p19-blame.js'
import { PulledLeases } from './p19-pulled.js'
import { WallClock } from './p20-wall-clock.js'
import { Drain } from './p21-drain.js'
import { Busy } from './p24-busy.js'
import { Votes } from './p31-votes.js'

export interface Found {
  readonly what: string
  readonly taskId?: string | undefined
}

export interface Known {
  readonly scene: Scene
  readonly facts: Facts
  /** In true time. */
  readonly now: number
}

export interface Checker {
  /** `P5`. */
  readonly promise: string
  see(happening: Happening, known: Known): Found | undefined
}

export function checkers(): readonly Checker[] {
  return [
    new Durable(),
    new SameTask(),
    new Acknowledged(),
    // Before those of the fence: a vote that is stale breaks both.
    new Votes(),
    new Fence(),
    new Recorded(),
    new Reported(),
    new KeptCheckpoints(),
    new OneEnd(),
    new NoOverlap(),
    new WallClock(),
    new ShortBreak(),
    new Attempts(),
    new AtMostOnce(),
    new Neighbours(),
    new Operator(),
    new Served(),
    new Ends(),
    new Cancel(),
    new Order(),
    new Backoff(),
    new Liveness(),
    new Loss(),
    new Blame(),
    new PulledLeases(),
    new Drain(),
    new Busy(),
    // What breaks another promise leaves a gap in the story, too.
    new Story(),
  ]
}
