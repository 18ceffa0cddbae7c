// Opens the runners of a host: the only file that knows which there are. Tasks are functions of modules, commands, and what runners of
// the users' own make of them.
import { DtrError } from '../errors.js'
import { type CheckedTask, checkTasks, TaskRefused } from '../task/define.js'
import { builtins } from './builtins.js'
import { type ExecOptions, ExecRunner } from './exec.js'
import { FunctionRunner, type TaskLogSink } from './function.js'
import { loadModule } from './load.js'
import { loadError, shown } from './load-error.js'
import { OwnRunner } from './own.js'
import { resolveOwnName } from './resolve.js'
import type { Runner } from './runner.js'
import { SeveralRunners } from './several.js'

export interface RunnerOptions {
  /** Absolute paths of task modules. */
  readonly modules: readonly string[]
  readonly builtins: boolean
  readonly commands?: ExecOptions | undefined
  /** Absolute paths of modules that are runners. */
  readonly runners?: readonly string[] | undefined
  readonly log: TaskLogSink
}

/** @throws DtrError `bad_input` that names the module or the command and what is wrong with it */
export async function openRunner(options: RunnerOptions): Promise<Runner> {
  const sources: FunctionSource[] = []
  if (options.builtins) sources.push({ where: 'the built-in tasks', tasks: checkTasks(builtins, 'the built-in tasks') })
  const { runners = [] } = options
  if (options.modules.length + runners.length > 0) resolveOwnName()
  for (const path of options.modules) sources.push({ where: shown(path), path, tasks: await loadModule(path) })
  const others: { where: string; runner: Runner }[] = []
  if (options.commands !== undefined) others.push({ where: 'exec', runner: new ExecRunner(options.commands) })
  for (const path of runners) others.push({ where: shown(path), runner: await OwnRunner.load(path) })
  checkDefinedOnce([
    ...sources.map(({ where, tasks }) => ({ where, types: tasks.map(({ type }) => type) })),
    ...others.map(({ where, runner }) => ({ where, types: runner.types.map(({ type }) => type) })),
  ])
  const serving = others.map(({ runner }) => runner).filter(({ types }) => types.length > 0)
  if (sources.length > 0) serving.unshift(await openFunctions(sources, options.log))
  return serving.length === 1 ? serving[0]! : new SeveralRunners(serving)
}

interface FunctionSource {
  readonly where: string
  /** Of a module. */
  readonly path?: string
  readonly tasks: readonly CheckedTask[]
}

function checkDefinedOnce(sources: readonly { where: string; types: readonly string[] }[]): void {
  const definedIn = new Map<string, string>()
  for (const { where, types } of sources) {
    for (const type of types) {
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
