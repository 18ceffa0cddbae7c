// What was typed, as yargs is to get it: yargs would lose `-`, take whatever is no `true` for a no, and lose the payload
// `true` to a flag before it.

import { parseBoolean } from '../config/parse.js'
import { flagOf, SETTINGS } from '../config.js'
import type { Command } from './command.js'
import { STANDARD_INPUT } from './flags.js'

/** @throws DtrError `bad_input` for a flag that is neither on nor off. Pure. */
export function spelledOut(args: readonly string[], commands: readonly Command[]): readonly string[] {
  const command = commands.find(({ name }) => name === args.find((arg) => commands.some((known) => known.name === arg)))
  const switches = command === undefined ? [] : switchesOf(command)
  const end = args.indexOf('--')
  return args.map((arg, index) => {
    if (arg === '-') return STANDARD_INPUT
    return end !== -1 && index > end ? arg : switched(arg, switches)
  })
}

/** The flags without a value. */
function switchesOf({ settings, flags = {} }: Command): readonly string[] {
  return [
    'debug',
    ...settings.filter((name) => typeof SETTINGS[name].default === 'boolean').map(flagOf),
    ...Object.keys(flags).filter((name) => flags[name]?.value === undefined),
  ]
}

/** `--json` and `--json=yes` are `--json=true`. A flag says what its variable says by the same words. */
function switched(arg: string, switches: readonly string[]): string {
  const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? []
  if (!switches.includes(name)) return arg
  return `--${name}=${value === undefined || parseBoolean(value, `--${name}`)}`
}
