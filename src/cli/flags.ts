// The flags and positional arguments of a command as yargs found them, read with names and limits that errors can tell.
import { flagOf, type GivenSettings, readDuration, SETTINGS, type SettingName } from '../config.js'
import { DtrError } from '../errors.js'

export class Flags {
  readonly #found: Readonly<Record<string, unknown>>

  constructor(found: Readonly<Record<string, unknown>>) {
    this.#found = found
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

  /** A positional argument that yargs has demanded. */
  demanded(name: string): string {
    const text = this.text(name)
    if (text === undefined || text === '') throw new DtrError('bad_input', `${name.toUpperCase()}: must not be empty`)
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

  /** What the flags say of these settings, still as text where they are text. */
  settings(names: readonly SettingName[]): GivenSettings {
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
    return SETTINGS[name].parse(texts.join(','), `--${flagOf(name)}`)
  }
}

/** How errors name a setting on the command line. */
export function spellFlag(name: SettingName): string {
  return `--${flagOf(name)}`
}
