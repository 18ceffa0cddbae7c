// What a command is: its words, its flags, what it does. One file a command; main.ts lists them.
import type { SettingName } from '../config.js'
import type { Flags } from './flags.js'
import type { Output } from './output.js'

/** What a shell offers for a value: these words, paths, or the names of those who have logged. */
export type Words = readonly string[] | 'files' | 'folders' | 'names'

export interface FlagWords {
  readonly about: string
  /** What its value is called in --help; none for a flag without a value. */
  readonly value?: string
  /** What its value may be, where that is known. */
  readonly words?: Words
  /** One letter that says the same. */
  readonly short?: string
  /** For processes of dtr, not for people. */
  readonly hidden?: boolean
}

export interface Command {
  readonly name: string
  /** Its positional arguments as yargs writes them: `<type> [payload]`. */
  readonly positionals?: string
  /** In one line; what follows a semicolon is told by its own --help alone. */
  readonly about: string
  /** What its positional arguments may be, where that is known. */
  readonly words?: Words
  /** Settings that it takes as flags. */
  readonly settings: readonly SettingName[]
  /** Flags of its own. */
  readonly flags?: Readonly<Record<string, FlagWords>>
  readonly examples: readonly (readonly [command: string, what: string])[]
  /** It handles signals itself; of the others a signal is the end, with the exit code that shells give it. */
  readonly handlesSignals?: boolean
  /** What stands behind `:::` is for it, as it is. */
  readonly takesInputs?: boolean
  /** Of folders above it takes no config file. */
  readonly looksHereOnly?: boolean
  /** @returns the exit code */
  run(flags: Flags, output: Output): Promise<number>
}

/** How a command finds its cluster. */
export const CLUSTER_SETTINGS: readonly SettingName[] = ['data', 'master', 'secretFile', 'keyFile']

/** For commands whose answer a program may read. */
export const JSON_FLAG = { json: { about: 'answer in JSON' } } as const
