// What can be written on the command line, as data for the scripts of shells. Pure.
import { flagOf, SETTING_NAMES, SETTINGS, type SettingName } from '../config.js'
import { LOG_LEVELS } from '../log.js'
import type { Command, Words } from './command.js'
import { brief, GLOBAL_FLAGS } from './help.js'

export interface CompletedFlag {
  readonly flag: string
  readonly about: string
  /** None for a flag without a value. */
  readonly words: Words | undefined
}

export interface CompletedCommand {
  readonly name: string
  readonly about: string
  /** What its arguments may be. */
  readonly words: Words
  readonly flags: readonly CompletedFlag[]
}

const OF_SETTINGS: Readonly<Partial<Record<SettingName, Words>>> = {
  data: 'folders',
  logs: 'folders',
  tasks: 'files',
  runner: 'files',
  secretFile: 'files',
  keyFile: 'files',
  logLevel: LOG_LEVELS,
}
export function wordsOf(commands: readonly Command[]): readonly CompletedCommand[] {
  return commands.map((command) => ({
    name: command.name,
    about: brief(command.about),
    words: command.name === 'config' ? SETTING_NAMES : (command.words ?? []),
    flags: [
      ...command.settings.map((name) => ({
        flag: flagOf(name),
        about: brief(SETTINGS[name].about),
        words: wordsOfSetting(name),
      })),
      ...Object.entries(command.flags ?? {})
        .filter(([, { hidden }]) => hidden !== true)
        .map(([flag, { about, value, words }]) => ({
          flag,
          about: brief(about),
          words: value === undefined ? undefined : (words ?? []),
        })),
      ...Object.entries(GLOBAL_FLAGS).map(([flag, about]) => ({
        flag,
        about,
        words: flag === 'config' ? ('files' as const) : undefined,
      })),
    ],
  }))
}

function wordsOfSetting(name: SettingName): Words | undefined {
  return typeof SETTINGS[name].default === 'boolean' ? undefined : (OF_SETTINGS[name] ?? [])
}
