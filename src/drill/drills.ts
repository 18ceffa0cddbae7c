// All drills, which of them are meant, and which may be skipped.
import { nearest } from '../config/nearest.js'
import { DtrError } from '../errors.js'
import type { Drill, DrillResult } from './drill.js'
import { bootTimes } from './drills/boot-times.js'
import { clockSteps } from './drills/clock-steps.js'
import { failingFsync } from './drills/failing-fsync.js'
import { flapConnections, flapMaster } from './drills/flaps.js'
import { freezeCode } from './drills/freeze-code.js'
import { freezeMaster } from './drills/freeze-master.js'
import { freezeWorker } from './drills/freeze-worker.js'
import { fullDisk } from './drills/full-disk.js'
import { grandchildren } from './drills/grandchildren.js'
import { halfOpenMaster, halfOpenWorker } from './drills/half-open.js'
import { killAll } from './drills/kill-all.js'
import { killDuringCancel } from './drills/kill-during-cancel.js'
import { killMaster } from './drills/kill-master.js'
import { killMasterAtFailpoints } from './drills/kill-master-at-failpoints.js'
import { killWorker } from './drills/kill-worker.js'
import { killWorkers } from './drills/kill-workers.js'
import { lateResult } from './drills/late-result.js'
import { loseMaster } from './drills/lose-master.js'
import { outputBomb } from './drills/output-bomb.js'
import { partition, partitionFrom, partitionTo } from './drills/partitions.js'
import { poisonCommand } from './drills/poison-command.js'
import { poisonTask } from './drills/poison-task.js'
import { powerLoss } from './drills/power-loss.js'
import { reconnectBurst } from './drills/reconnect-burst.js'
import { resetConnections } from './drills/reset-connections.js'
import { slowFsync } from './drills/slow-fsync.js'
import { stallConnections } from './drills/stall-connections.js'

export const DRILLS: readonly Drill[] = [
  killWorker,
  killWorkers,
  freezeWorker,
  lateResult,
  freezeCode,
  killMaster,
  killMasterAtFailpoints,
  freezeMaster,
  loseMaster,
  killAll,
  poisonTask,
  poisonCommand,
  killDuringCancel,
  grandchildren,
  outputBomb,
  resetConnections,
  flapConnections,
  flapMaster,
  stallConnections,
  partition,
  partitionFrom,
  partitionTo,
  halfOpenWorker,
  halfOpenMaster,
  reconnectBurst,
  powerLoss,
  clockSteps,
  bootTimes,
  slowFsync,
  failingFsync,
  fullDisk,
]

/** @throws DtrError `bad_input` for a drill that is not for workers of any kind */
export function chooseForeign(chosen: readonly Drill[]): readonly Drill[] {
  const own = chosen.find(({ foreign }) => foreign !== true)
  if (own === undefined) return chosen
  throw new DtrError(
    'bad_input',
    `${own.name} cannot be done with --worker: it asks the master alone, or dtr's own workers`,
    {
      hint: 'dtr drill --list tells which can; --worker without names does all of these',
    },
  )
}

/** Drills that may be skipped where DTR_REQUIRE_FAULTS says that no other may, and why. */
const MAY_SKIP: Readonly<Record<string, string>> = {
  'reset-connections': 'ss -K needs a kernel that ends sockets of others (INET_DIAG_DESTROY)',
  'clock-steps': 'libfaketime comes with no package of npm, and not every machine can fetch it',
}

/** @throws DtrError `bad_input` for a name that is none */
export function chooseDrills(names: readonly string[], all: readonly Drill[] = DRILLS): readonly Drill[] {
  const known = all.map(({ name }) => name)
  for (const name of names) {
    if (known.includes(name)) continue
    const near = nearest(name, known)
    throw new DtrError('bad_input', `unknown drill ${name}`, {
      hint: near === undefined ? 'dtr drill --list tells what there is' : `did you mean: ${near}`,
    })
  }
  return all.filter(({ name }) => names.includes(name))
}

/** @param everyFault no drill may be skipped but those of the list */
export function isFine({ name, outcome }: DrillResult, everyFault: boolean, maySkip = MAY_SKIP): boolean {
  if (outcome === 'skipped') return !everyFault || Object.hasOwn(maySkip, name)
  return outcome === 'held'
}
