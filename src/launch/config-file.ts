// The config file of a cluster: where it lies, whether it may be believed, what it says. It lies beside the cluster's
// `.dtr`: both are looked for in the current folder and above, and the nearest folder that has either is the one.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type ParseError, parse as parseWithPlaces, printParseErrorCode } from 'jsonc-parser'
import { FOLDER_NAME } from '../client/folder.js'
import { checkTrusted } from '../client/trust.js'
import { type GivenSettings, isDuration, isSettingName, PATHS, type Said, type SettingName, saidBy } from '../config.js'
import { DtrError, messageOf } from '../errors.js'
import { importDefault } from '../runner/load.js'
import { shown } from '../runner/load-error.js'

/**
 * What a config file may say: settings by their names, durations as text with a unit (`30s`). Relative paths are seen from
 * the folder of the file.
 *
 *     import type { Configuration } from 'dtr'
 *     export default { workers: 5, tasks: ['./tasks.ts'] } satisfies Configuration
 */
export type Configuration = GivenSettings

export const CONFIG_NAMES = ['dtr.config.json', 'dtr.config.ts', 'dtr.config.js', 'dtr.config.mjs'] as const
/** Whatever the name. */
const ENDINGS: readonly string[] = ['.json', '.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']
/** In the place of a file's name: none is read. */
export const NO_CONFIG = 'none'
const LOAD_MS_MAX = 10_000
const WITHOUT = `say --config ${NO_CONFIG} to do without`

export interface ConfigFile {
  readonly file: string
  readonly said: Said
}

/**
 * @param named a file, or `none`; unset: the one that is found
 * @param walksUp whether folders above are looked at, too
 * @throws DtrError `bad_input` that names the file, the setting and what is wrong
 */
export async function findConfig(
  from: string,
  { named, walksUp }: { readonly named: string | undefined; readonly walksUp: boolean },
): Promise<ConfigFile | undefined> {
  if (named === NO_CONFIG) return undefined
  if (named !== undefined) return readConfig(resolve(from, named))
  const file = walksUp ? nearestConfig(from) : configIn(from)
  if (file === undefined) return undefined
  const found = await readConfig(file)
  // What lies beside the file is meant, wherever below it the command is given.
  const data = { value: join(dirname(file), FOLDER_NAME), from: 'default' }
  return { file, said: new Map([['data', data], ...found.said]) }
}

/** A config file above `from`, which `start` does not read and tells of. */
export function configAbove(from: string): string | undefined {
  const parent = dirname(resolve(from))
  return parent === resolve(from) ? undefined : nearestConfig(parent)
}

function nearestConfig(from: string): string | undefined {
  for (let at = resolve(from); ; at = dirname(at)) {
    const file = configIn(at)
    if (file !== undefined) return file
    if (existsSync(join(at, FOLDER_NAME)) || dirname(at) === at) return undefined
  }
}

function configIn(folder: string): string | undefined {
  const files = CONFIG_NAMES.filter((name) => existsSync(join(folder, name)))
  if (files.length > 1) {
    throw new DtrError('bad_input', `${folder} has ${files.join(' and ')}`, { hint: 'keep one of them' })
  }
  return files[0] && join(folder, files[0])
}

async function readConfig(file: string): Promise<ConfigFile> {
  if (!existsSync(file)) throw new DtrError('bad_input', `${file}: there is no such config file`, { hint: WITHOUT })
  checkTrusted(file, WITHOUT)
  if (!statSync(file).isFile() || !ENDINGS.includes(extname(file))) {
    throw new DtrError('bad_input', `${shown(file)}: is not a file that ends in ${ENDINGS.join(', ')}`, {
      hint: `name such a file, or ${WITHOUT}`,
    })
  }
  const value = file.endsWith('.json') ? readJson(file) : await importConfig(file)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DtrError('bad_input', `${shown(file)}: says no settings`, {
      hint: file.endsWith('.json') ? 'write { "workers": 5 }' : 'write export default { workers: 5 }',
    })
  }
  return { file, said: saidByFile(value, shown(file), dirname(file)) }
}

/** What an object that stands in a config file says, pure. Exported for tests. */
export function saidByFile(value: object, name: string, folder: string): Said {
  for (const [key, entry] of Object.entries(value)) refuse(key, entry, name)
  const said = saidBy(
    value as GivenSettings,
    (setting) => `${name}: ${setting}`,
    () => name,
  )
  return new Map(
    [...said].map(([setting, entry]) => [setting, { ...entry, value: fromFolder(setting, entry.value, folder) }]),
  )
}

function refuse(key: string, value: unknown, file: string): void {
  if (/^(secret|password|token|key)$/i.test(key)) {
    throw new DtrError('bad_input', `${file}: ${key}: a secret does not belong in a config file`, {
      hint: /^(key|token)$/i.test(key)
        ? 'put it into a file that only you can read and say keyFile, or into the variable DTR_KEY'
        : 'put it into a file that only you can read and say secretFile, or into the variable DTR_SECRET',
    })
  }
  if (typeof value === 'number' && isSettingName(key) && isDuration(key)) {
    throw new DtrError('bad_input', `${file}: ${key}: ${value} has no unit`, {
      hint: `write "${value}s" or "${value}ms"`,
    })
  }
}

function fromFolder(name: SettingName, value: unknown, folder: string): unknown {
  if (!PATHS.includes(name)) return value
  return Array.isArray(value) ? value.map((path) => resolve(folder, path)) : resolve(folder, value as string)
}

function readJson(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new DtrError('bad_input', `${shown(file)} cannot be read: ${messageOf(error)}`, { hint: WITHOUT })
  }
  try {
    // Some editors write a mark of their encoding first.
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown
  } catch {
    throw new DtrError('bad_input', `${shown(file)}${jsonMistake(text)}`)
  }
}

/** `:3:7: comma expected`: not every Node says where a mistake is. */
function jsonMistake(text: string): string {
  const errors: ParseError[] = []
  parseWithPlaces(text, errors, { disallowComments: true })
  const [first] = errors
  if (first === undefined) return ': is not JSON'
  const before = text.slice(0, first.offset).split('\n')
  const what = printParseErrorCode(first.error).replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: is not JSON:${what}`
}

/** The processes that are started later find the environment as it was: their modules may lie elsewhere. */
async function importConfig(file: string): Promise<unknown> {
  const { TSX_TSCONFIG_PATH: tsconfig } = process.env
  const over = new AbortController()
  try {
    // The timer keeps the process, which would end without a word where nothing else is left to do.
    const late = setTimeout(LOAD_MS_MAX, undefined, { signal: over.signal }).then(() => {
      throw new DtrError('bad_input', `${shown(file)}: did not finish loading within ${LOAD_MS_MAX / 1_000} s`, {
        hint: 'it awaits something that does not come',
      })
    })
    return await Promise.race([importDefault(file), late])
  } finally {
    over.abort()
    if (tsconfig === undefined) delete process.env.TSX_TSCONFIG_PATH
  }
}
