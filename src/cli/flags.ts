// The flags and positional arguments of a command as yargs found them, read with names and limits that errors can tell.
import {
  flagOf,
  type GivenSettings,
  isLines,
  mergeSettings,
  type Resolved,
  readDuration,
  type Said,
  SETTINGS,
  type SettingName,
  type Settings,
  saidBy,
} from '../config.js'
import { DtrError } from '../errors.js'
import type { ConfigFile } from '../launch/config-file.js'

/** Stands for the argument `-`, which yargs would lose. No argument can be this one: none holds a NUL. */
export const STANDARD_INPUT = '\0-'

/** What ranks below the flags. */
export interface Below {
  readonly config?: ConfigFile | undefined
  readonly variables?: Said
}

export class Flags {
  readonly #found: Readonly<Record<string, unknown>>
  readonly #below: readonly Said[]

  /** The config file that was read. */
  readonly config: string | undefined

  constructor(found: Readonly<Record<string, unknown>>, below: Below = {}) {
    this.#found = found
    this.#below = [below.config?.said, below.variables].filter((said) => said !== undefined)
    this.config = below.config?.file
  }

  has(name: string): boolean {
    return this.#found[name] === true
  }

  /** Of a flag that was given twice the last one counts. */
  text(name: string): string | undefined {
    const value = this.#found[name]
    const last: unknown = Array.isArray(value) ? value.at(-1) : value
    return last === undefined ? undefined : String(last)
  }

  /** All values of a flag or positional argument that may be given several times. */
  texts(name: string): readonly string[] {
    const value = this.#found[name]
    if (value === undefined) return []
    return (Array.isArray(value) ? value : [value]).map(String)
  }

  /** As `texts`, each of them perhaps several with commas between them. */
  list(name: string): readonly string[] | undefined {
    const texts = this.texts(name)
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
    if (texts.includes('')) throw new DtrError('bad_input', `--${name}: has an empty entry`)
    return texts.length === 0 ? undefined : texts
  }

  /** A positional argument that yargs has demanded. */
  demanded(name: string): string {
    const text = this.text(name)
    if (text === undefined || text === '') throw new DtrError('bad_input', `${name.toUpperCase()}: must not be empty`)
    if (text === STANDARD_INPUT) throw new DtrError('bad_input', `${name.toUpperCase()}: "-" is not taken here`)
    return text
  }

  /** In milliseconds. */
  duration(name: string): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : readDuration(text, `--${name}`)
  }

  integer(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (/^-?\d{1,15}$/.test(text)) return Number(text)
    throw new DtrError('bad_input', `--${name}: "${text}" is not a whole number`)
  }

  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (/^-?\d+(\.\d+)?(e-?\d{1,3})?$/i.test(text)) return Number(text)
    throw new DtrError('bad_input', `--${name}: "${text}" is not a number`)
  }

  /** One of these words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name)
    const word = words.find((one) => one === text)
    if (text === undefined || word !== undefined) return word
    throw new DtrError('bad_input', `--${name}: "${text}" is not one of ${words.join(', ')}`)
  }

  /** What was said of these settings, by flag, variable or config file; nothing of those that nobody named. */
  settings(names: readonly SettingName[]): GivenSettings {
    const said = [...this.#below, this.#said(names)].flatMap((source) => [...source])
    return Object.fromEntries(said.filter(([name]) => names.includes(name)).map(([name, { value }]) => [name, value]))
  }

  /** The settings in force. @param names those that the command takes as flags */
  resolve(names: readonly SettingName[]): Settings {
    return this.resolved(names).settings
  }

  /** With where each came from. */
  resolved(names: readonly SettingName[]): Resolved {
    return mergeSettings(...this.#below, this.#said(names))
  }

  #said(names: readonly SettingName[]): Said {
    return saidBy(this.#given(names), spellFlag)
  }

  #given(names: readonly SettingName[]): GivenSettings {
    const given = names.flatMap((name): [SettingName, unknown][] => {
      const value = this.#found[flagOf(name)]
      if (value === undefined) return []
      if (Array.isArray(SETTINGS[name].default)) return [[name, this.#list(name, value)]]
      return [[name, typeof value === 'boolean' ? value : this.text(flagOf(name))]]
    })
    return Object.fromEntries(given)
  }

  #list(name: SettingName, value: unknown): unknown {
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (isLines(name)) return texts
    return SETTINGS[name].parse(texts.join(','), `--${flagOf(name)}`)
  }
}

/** How errors name a setting on the command line. */
export function spellFlag(name: SettingName): string {
  return `--${flagOf(name)}`
}
