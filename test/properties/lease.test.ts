// P7, whatever the settings that are taken, the delays, the lags and the clocks: the code of a worker has ended before
// the master gives its tasks to another.
import fc from 'fast-check'
import { resolveSettings } from '../../src/config.js'
import { holds } from './holds.js'
import { LeaseWorld, type Phase, type Timings } from './lease-world.js'

/** Each longer than the one before, by a little or by much: what `config.ts` asks of them, and no more. */
const LONGER = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 12_000 }))
const TIMINGS: fc.Arbitrary<Timings> = fc
  .tuple(fc.integer({ min: 50, max: 3_000 }), LONGER, LONGER, LONGER)
  .filter(([heartbeat, a, b, c]) => heartbeat + a >= 100 && heartbeat + a + b >= 300 && heartbeat + a + b + c >= 500)
  .map(([heartbeat, a, b, c]) => {
    const [suspect, codeDead, lease] = [heartbeat + a, heartbeat + a + b, heartbeat + a + b + c]
    const settings = resolveSettings({ heartbeat, suspect, codeDead, lease }, {})
    const { heartbeat: heartbeatMs, suspect: suspectMs, codeDead: codeDeadMs, lease: leaseMs } = settings
    return { heartbeatMs, suspectMs, codeDeadMs, leaseMs }
  })

interface Share {
  readonly ms: number
  readonly up: number
  readonly down: number
  readonly held: Phase['held']
  readonly cut: boolean
  readonly masterPause: number
  readonly workerPause: number
  readonly commit: number
}
/** A draw near nothing, or anywhere up to all. */
const SHARE = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 0.05, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
)
const PHASE: fc.Arbitrary<Share> = fc.record({
  ms: fc.double({ min: 0.05, max: 2.5, noNaN: true }),
  up: SHARE,
  down: SHARE,
  held: fc.constantFrom('none', 'none', 'none', 'up', 'down', 'both'),
  cut: fc.nat(4).map((n) => n === 0),
  masterPause: SHARE,
  workerPause: SHARE,
  commit: SHARE,
})
const QUIET: Share = { ms: 0.7, up: 0, down: 0, held: 'none', cut: false, masterPause: 0, workerPause: 0, commit: 0 }

/** In milliseconds: up to a lease, but for the pauses of the worker, which stay within the margin (P7). */
function phaseOf(share: Share, { leaseMs }: Timings, pauseMsMax: number): Phase {
  return {
    ms: Math.ceil(share.ms * leaseMs),
    upMs: Math.round(share.up * leaseMs),
    downMs: Math.round(share.down * leaseMs),
    held: share.held,
    cut: share.cut
      ? { masterMs: Math.round(share.down * leaseMs), workerMs: Math.round(share.up * leaseMs) }
      : undefined,
    masterPauseMs: Math.round(share.masterPause * leaseMs * 2),
    workerPauseMs: Math.floor(share.workerPause * pauseMsMax),
    commitMs: Math.round(share.commit * leaseMs),
  }
}

/** What is left of the margin for pauses by a clock that goes at this rate; timers are exact to a millisecond. */
function pauseMsMaxOf({ codeDeadMs, leaseMs }: Timings, rate: number): number {
  return Math.floor(leaseMs - codeDeadMs / rate - 2)
}

let [expiries, ends] = [0, 0]
holds(
  'the code of a worker has ended when the master gives its tasks up',
  fc.asyncProperty(
    TIMINGS,
    fc.double({ min: 0.98, max: 1.02, noNaN: true }),
    fc.array(PHASE, { minLength: 1, maxLength: 8 }),
    async (timings, rate, shares) => {
      const pauseMsMax = pauseMsMaxOf(timings, rate)
      fc.pre(pauseMsMax >= 0)
      const phases = [QUIET, ...shares].map((share) => phaseOf(share, timings, pauseMsMax))
      const world = await LeaseWorld.play(timings, { rate }, phases)
      expiries += world.expiries
      ends += world.leaseEnds
      if (world.overlaps.length > 0) throw new Error(world.overlaps.join('\n'))
    },
  ),
  1_000,
  (t) => t.ok(expiries > 100 && ends > 100, `${expiries} times a worker was given up, ${ends} times code was ended`),
)
