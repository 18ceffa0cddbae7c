// Loads a task module, JavaScript or TypeScript, and says what is wrong with it by file and line.
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { DtrError } from '../errors.js'
import { type CheckedTask, checkTasks } from '../task/define.js'
import { loadError, shown } from './load-error.js'
import { isTypeScript, localFiles } from './local-imports.js'
import { loadTypeScript } from './typescript.js'

/** Of a throw at load: the line of the module may lie below many of the loader's own. */
const STACK_LINES_MAX = 100

/** @throws DtrError `bad_input` that begins with the file, and the line where that is known */
export async function loadModule(path: string): Promise<readonly CheckedTask[]> {
  checkFile(path)
  const exported = await importDefault(path)
  if (exported === undefined) {
    throw new DtrError('bad_input', `${shown(path)}: has no default export`, {
      hint: 'write export default defineTasks({ ... })',
    })
  }
  const tasks = checked(path, exported)
  if (tasks.length > 0) return tasks
  throw new DtrError('bad_input', `${shown(path)}: defines no tasks`)
}

function checked(path: string, exported: unknown): readonly CheckedTask[] {
  try {
    return checkTasks(exported, '')
  } catch (error) {
    throw loadError(path, error)
  }
}

/** @throws DtrError `bad_input` where there is no such file */
export function checkFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile() === true) return
  const wrong = found === undefined ? 'there is no such file' : 'is not a file'
  throw new DtrError('bad_input', `${shown(path)}: ${wrong}`, { hint: `seen from ${process.cwd()}` })
}

/** What a module exports by default, if anything. @throws DtrError `bad_input` with file and line */
export async function importDefault(path: string): Promise<unknown> {
  const exported = await importModule(path)
  // ESM that was compiled to CommonJS carries its default export one level deeper.
  const compiled =
    typeof exported === 'object' && exported !== null && '__esModule' in exported && 'default' in exported
  return compiled ? exported.default : exported
}

async function importModule(path: string): Promise<unknown> {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = STACK_LINES_MAX
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    if (localFiles(path).some(isTypeScript)) await loadTypeScript(path)
    const exported = await exportedBy(path)
    // A rejection that the module left to nobody would end each host a moment after it was ready.
    await setImmediate()
    if (unhandled.length > 0) throw unhandled[0]
    return exported
  } catch (error) {
    throw loadError(path, error)
  } finally {
    process.off('unhandledRejection', note)
    Error.stackTraceLimit = stackTraceLimit
  }
}

async function exportedBy(path: string): Promise<unknown> {
  // What Node 20 imports as CommonJS from a loader has a `require` that knows no ES modules, such as this package.
  if (path.endsWith('.cts')) return createRequire(import.meta.url)(path)
  const loaded = (await import(pathToFileURL(path).href)) as { default?: unknown }
  return loaded.default
}
