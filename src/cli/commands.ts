// All commands, in the groups in which a person looks for them.
import { backup } from './backup.js'
import { cancel } from './cancel.js'
import type { Command } from './command.js'
import { completionOf } from './completion.js'
import { config } from './config.js'
import { doctor } from './doctor.js'
import { drill } from './drill.js'
import { failed } from './failed.js'
import { gateway } from './gateway.js'
import { get } from './get.js'
import { key } from './key.js'
import { leaderboard } from './leaderboard.js'
import { logs } from './logs.js'
import { map } from './map.js'
import { master } from './master.js'
import { ps } from './ps.js'
import { reload } from './reload.js'
import { restore } from './restore.js'
import { retry } from './retry.js'
import { start } from './start.js'
import { status } from './status.js'
import { stop } from './stop.js'
import { submit } from './submit.js'
import { tasks } from './tasks.js'
import { top } from './top.js'
import { watch } from './watch.js'
import { worker } from './worker.js'

export const COMMAND_GROUPS: Readonly<Record<string, readonly Command[]>> = {
  'Run a cluster': [start, stop, master, worker, gateway],
  'Give it work': [submit, map],
  'Look and mend': [status, top, ps, tasks, get, watch, failed, retry, cancel, logs, leaderboard],
  'Look after it': [reload, key, doctor, drill, config, backup, restore, completionOf(() => COMMANDS)],
}

export const COMMANDS: readonly Command[] = Object.values(COMMAND_GROUPS).flat()
