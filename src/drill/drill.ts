// What a drill is: one fault, the promises that it puts to the test, and what came of it.
import type { PlanHere } from './here.js'
import type { Need } from './needs.js'
import type { Happening, Measure } from './record.js'
import type { Stage } from './stage.js'
import type { Verdict } from './verdicts.js'

export interface Drill {
  readonly name: string
  readonly promises: readonly string[]
  /** In one line. */
  readonly summary: string
  /** Tools and rights without which it is skipped. */
  readonly needs: readonly Need[]
  /** It asks of workers what PROTOCOL.md says, and breaks them by what any process feels: those of `--worker` can play in it. */
  readonly foreign?: true
  /** Injects the fault, heals, and judges what only this drill can; what holds for all is judged afterwards. */
  run(stage: Stage): Promise<void>
  /** How it is done to a cluster that is not its own; none, it cannot be. */
  readonly here?: PlanHere
}

export interface DrillResult {
  readonly name: string
  readonly promises: readonly string[]
  readonly outcome: 'held' | 'broke' | 'skipped'
  /** Why it was skipped, or what kept it from its end. */
  readonly reason?: string
  readonly seed: number
  readonly quick: boolean
  /** It was done to a cluster that was there, not to one of its own. */
  readonly here?: true
  /** The command that its workers were started with, where they are not dtr's own. */
  readonly worker?: string
  readonly tookMs: number
  readonly measures: readonly Measure[]
  readonly verdicts: readonly Verdict[]
  readonly timeline: readonly Happening[]
  /** Kept where it did not hold: logs, data, and what the tasks wrote. */
  readonly folder?: string
}
