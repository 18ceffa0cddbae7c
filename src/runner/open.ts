// Opens the runners of a host: the only file that knows which there are. So far tasks are functions of modules.
import { DtrError } from '../errors.js'
import { type CheckedTask, checkTasks, TaskRefused } from '../task/define.js'
import { builtins } from './builtins.js'
import { FunctionRunner, type TaskLogSink } from './function.js'
import { loadModule } from './load.js'
import { loadError, shown } from './load-error.js'
import { resolveOwnName } from './resolve.js'
import type { Runner } from './runner.js'

export interface RunnerOptions {
  /** Absolute paths of task modules. */
  readonly modules: readonly string[]
  readonly builtins: boolean
  readonly log: TaskLogSink
}

/** @throws DtrError `bad_input` that names the module and what is wrong with it */
export async function openRunner(options: RunnerOptions): Promise<Runner> {
  const sources: { where: string; path?: string; tasks: readonly CheckedTask[] }[] = []
  if (options.builtins) sources.push({ where: 'the built-in tasks', tasks: checkTasks(builtins, 'the built-in tasks') })
  if (options.modules.length > 0) resolveOwnName()
  for (const path of options.modules) sources.push({ where: shown(path), path, tasks: await loadModule(path) })
  const definedIn = new Map<string, string>()
  for (const { where, tasks } of sources) {
    for (const { type } of tasks) {
      const other = definedIn.get(type)
      if (other !== undefined)
        throw new DtrError('bad_input', `task type "${type}" is defined twice: in ${other} and in ${where}`)
      definedIn.set(type, where)
    }
  }
  try {
    return await FunctionRunner.open(
      sources.flatMap(({ tasks }) => tasks),
      options.log,
    )
  } catch (error) {
    if (!(error instanceof TaskRefused)) throw error
    const { path } = sources.find(({ tasks }) => tasks.some(({ type }) => type === error.keys[0])) ?? {}
    throw path === undefined ? error : loadError(path, error)
  }
}
