// What every store must do, sentence by sentence (src/store/store.ts): runs unchanged on each implementation.

import { checkpointScenarios } from './store/checkpoints.js'
import { claimScenarios } from './store/claim.js'
import { gateScenarios } from './store/gates.js'
import { keyScenarios } from './store/keys.js'
import { listingScenarios } from './store/listing.js'
import { logScenarios } from './store/logs.js'
import { pollScenarios } from './store/polls.js'
import { pruneScenarios } from './store/prune.js'
import { pullScenarios } from './store/pull.js'
import { retriedScenarios } from './store/retried.js'
import { retryScenarios } from './store/retry.js'
import { settleScenarios } from './store/settle.js'
import { type OpenStore, scenarios } from './store/subject.js'
import { submitScenarios } from './store/submit.js'
import { workerScenarios } from './store/workers.js'

export function storeConformance(name: string, open: OpenStore): void {
  const scenario = scenarios(name, open)
  submitScenarios(scenario)
  claimScenarios(scenario)
  settleScenarios(scenario)
  workerScenarios(scenario)
  pullScenarios(scenario)
  gateScenarios(scenario)
  checkpointScenarios(scenario)
  retriedScenarios(scenario)
  pruneScenarios(scenario)
  retryScenarios(scenario)
  pollScenarios(scenario)
  listingScenarios(scenario)
  logScenarios(scenario)
  keyScenarios(scenario)
}
