// Opens the runners of a host: the only file that knows which there are. Tasks are functions of modules, and commands.
import { DtrError } from '../errors.js'
import { type CheckedTask, checkTasks, TaskRefused } from '../task/define.js'
import { builtins } from './builtins.js'
import { type ExecOptions, ExecRunner } from './exec.js'
import { FunctionRunner, type TaskLogSink } from './function.js'
import { loadModule } from './load.js'
import { loadError, shown } from './load-error.js'
import { resolveOwnName } from './resolve.js'
import type { Runner } from './runner.js'
import { SeveralRunners } from './several.js'

export interface RunnerOptions {
  /** Absolute paths of task modules. */
  readonly modules: readonly string[]
  readonly builtins: boolean
  readonly commands?: ExecOptions | undefined
  readonly log: TaskLogSink
}

/** @throws DtrError `bad_input` that names the module or the command and what is wrong with it */
export async function openRunner(options: RunnerOptions): Promise<Runner> {
  const sources: FunctionSource[] = []
  if (options.builtins) sources.push({ where: 'the built-in tasks', tasks: checkTasks(builtins, 'the built-in tasks') })
  if (options.modules.length > 0) resolveOwnName()
  for (const path of options.modules) sources.push({ where: shown(path), path, tasks: await loadModule(path) })
  const commands = options.commands === undefined ? undefined : new ExecRunner(options.commands)
  checkDefinedOnce([
    ...sources.map(({ where, tasks }) => ({ where, types: tasks })),
    ...(commands?.types ?? []).map((type) => ({ where: 'exec', types: [type] })),
  ])
  if (commands === undefined || commands.types.length === 0) return openFunctions(sources, options.log)
  if (sources.length === 0) return commands
  return new SeveralRunners([await openFunctions(sources, options.log), commands])
}

interface FunctionSource {
  readonly where: string
  /** Of a module. */
  readonly path?: string
  readonly tasks: readonly CheckedTask[]
}

function checkDefinedOnce(sources: readonly { where: string; types: readonly { type: string }[] }[]): void {
  const definedIn = new Map<string, string>()
  for (const { where, types } of sources) {
    for (const { type } of types) {
      const other = definedIn.get(type)
      if (other !== undefined)
        throw new DtrError('bad_input', `task type "${type}" is defined twice: in ${other} and in ${where}`)
      definedIn.set(type, where)
    }
  }
}

async function openFunctions(sources: readonly FunctionSource[], log: TaskLogSink): Promise<Runner> {
  try {
    return await FunctionRunner.open(
      sources.flatMap(({ tasks }) => tasks),
      log,
    )
  } catch (error) {
    if (!(error instanceof TaskRefused)) throw error
    const { path } = sources.find(({ tasks }) => tasks.some(({ type }) => type === error.keys[0])) ?? {}
    throw path === undefined ? error : loadError(path, error)
  }
}
