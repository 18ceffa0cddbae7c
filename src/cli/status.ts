// dtr status: how the cluster stands.

import type { Client } from '../client/client.js'
import { formatDuration } from '../config.js'
import { EXIT_OK } from '../errors.js'
import { TASK_STATES } from '../task/task.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import { shownState } from './processes.js'
import { plainTable } from './table.js'

type Report = Awaited<ReturnType<Client['status']>>

export const status: Command = {
  name: 'status',
  about: 'how the cluster stands: its master, workers and tasks',
  settings: CLUSTER_SETTINGS,
  flags: JSON_FLAG,
  examples: [
    ['status', 'for people'],
    ['status --json | jq .counts', 'for programs'],
  ],
  async run(flags, output) {
    const client = await connectBy(flags, { reconnectFor: 0 })
    try {
      const report = await client.status()
      if (flags.has('json')) await output.json(report)
      else for (const line of describe(report)) await output.line(line)
      return EXIT_OK
    } finally {
      client.close()
    }
  },
}

function describe(report: Report): readonly string[] {
  const { master, workers, pullWorkers, counts, unserved, stale } = report
  return [
    `master  ${master.address}  pid ${master.pid}  ${master.state}  up ${formatDuration(master.upMs)}  version ${master.version}`,
    '',
    ...(workers.length + pullWorkers.length === 0 ? ['no workers'] : []),
    ...(workers.length === 0 ? [] : workerTable(workers)),
    ...(workers.length === 0 || pullWorkers.length === 0 ? [] : ['']),
    ...(pullWorkers.length === 0 ? [] : pullTable(pullWorkers)),
    '',
    ...(counts.length === 0 ? ['no tasks'] : countTable(counts)),
    ...failedHint(counts),
    ...(unserved.length === 0 ? [] : ['', `waiting, as no worker serves them: ${unserved.join(', ')}`]),
    ...(stale === 0 ? [] : ['', `${stale} late results were refused as stale`]),
  ]
}

function failedHint(counts: Report['counts']): readonly string[] {
  const failed = counts.reduce((sum, { state, count }) => sum + (state === 'failed' ? count : 0), 0)
  return failed === 0 ? [] : ['', `${failed} failed: dtr failed groups them by what went wrong`]
}

function workerTable(workers: Report['workers']): readonly string[] {
  const rows = workers.map((worker) => [
    worker.name,
    shownState(worker),
    worker.address,
    String(worker.pid),
    `${worker.running}/${worker.slots}`,
    String(worker.completed),
    String(worker.failed),
    `${formatDuration(worker.heardMsAgo)} ago`,
  ])
  return plainTable(['WORKER', 'STATE', 'ADDRESS', 'PID', 'RUNNING', 'COMPLETED', 'FAILED', 'HEARD'], rows)
}

/** Without a connection of their own. */
function pullTable(workers: Report['pullWorkers']): readonly string[] {
  const rows = workers.map((worker) => [
    worker.id,
    worker.quarantined === undefined ? worker.state : `quarantined: ${worker.quarantined}`,
    worker.types?.join(',') ?? 'every',
    String(worker.running),
    String(worker.completed),
    String(worker.failed),
    `${formatDuration(worker.heardMsAgo)} ago`,
  ])
  return plainTable(['PULLS', 'STATE', 'TYPES', 'RUNNING', 'COMPLETED', 'FAILED', 'HEARD'], rows)
}

function countTable(counts: Report['counts']): readonly string[] {
  const routes = new Map<string, Map<string, number>>()
  for (const { queue, type, state, count } of counts) {
    const route = `${queue}\0${type}`
    routes.set(route, (routes.get(route) ?? new Map<string, number>()).set(state, count))
  }
  const rows = [...routes].map(([route, byState]) => [
    ...route.split('\0'),
    ...TASK_STATES.map((state) => String(byState.get(state) ?? 0)),
  ])
  return plainTable(['QUEUE', 'TYPE', ...TASK_STATES.map((state) => state.toUpperCase())], rows)
}
