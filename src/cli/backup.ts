// dtr backup: the tasks of a cluster as one file, taken while it works or while it does not.
import { clusterFolder } from '../client/connect.js'
import { formatDuration, formatSize } from '../config.js'
import { DtrError, EXIT_INTERRUPTED, EXIT_OK } from '../errors.js'
import { backUp, type DataSummary } from '../store/open.js'
import { TASK_STATES } from '../task/task.js'
import { type Command, JSON_FLAG } from './command.js'
import { onEndSignals } from './signals.js'

export const backup: Command = {
  name: 'backup',
  positionals: '<file>',
  about: 'write the tasks of the cluster to a file, also while it works',
  words: 'files',
  settings: ['data'],
  flags: { ...JSON_FLAG, force: { about: 'replace the file where it exists' } },
  examples: [
    ['backup tasks-today.db', 'all tasks with their stories; the secret is not in it'],
    ['restore tasks-today.db --data /srv/other/.dtr', 'and elsewhere again'],
  ],
  handlesSignals: true,
  async run(flags, output) {
    const file = flags.demanded('file')
    const folder = clusterFolder(flags.settings(['data']).data, process.env)
    if (folder === undefined) {
      throw new DtrError('no_cluster', 'there is no .dtr in this folder or above', { hint: 'say --data FOLDER' })
    }
    const startedMs = performance.now()
    const interrupt = new AbortController()
    onEndSignals(() => interrupt.abort())
    const { signal } = interrupt
    const summary = await backUp({ folder, file, force: flags.has('force'), signal }).catch((error: unknown) => {
      if (signal.aborted) return undefined
      throw error
    })
    if (summary === undefined) return EXIT_INTERRUPTED
    const tookMs = Math.round(performance.now() - startedMs)
    if (flags.has('json')) await output.json({ file, ...summary, tookMs })
    else {
      await output.line(`backed up ${describeData(summary)} to ${file} in ${formatDuration(tookMs)}`)
      await output.line(`the cluster's secret is not in it; it stays in ${folder}/secret`)
    }
    return EXIT_OK
  },
}

/** `12 tasks (3 pending, 9 completed), 1.5 MiB, schema version 1` */
export function describeData({ tasks, bytes, version }: DataSummary): string {
  const states = TASK_STATES.flatMap((state) => (tasks[state] === undefined ? [] : [`${tasks[state]} ${state}`]))
  const count = Object.values(tasks).reduce((sum, number) => sum + number, 0)
  const byState = states.length === 0 ? '' : ` (${states.join(', ')})`
  return `${count} ${count === 1 ? 'task' : 'tasks'}${byState}, ${formatSize(bytes)}, schema version ${version}`
}
