// What was typed, as yargs is to get it: yargs would lose `-`, take whatever is no `true` for a no, lose the payload
// `true` to a flag before it, and take an input for a flag.

import { parseBoolean } from '../config/parse.js'
import { flagOf, SETTINGS } from '../config.js'
import type { Command } from './command.js'
import { STANDARD_INPUT } from './flags.js'
import { AS_IT_IS, INPUTS_FOLLOW } from './inputs.js'

/** @throws DtrError `bad_input` for a flag that is neither on nor off. Pure. */
export function spelledOut(args: readonly string[], commands: readonly Command[]): readonly string[] {
  const command = commands.find(({ name }) => name === args.find((arg) => commands.some((known) => known.name === arg)))
  const switches = command === undefined ? [] : switchesOf(command)
  const end = endOf(args, '--')
  const inputsFrom = command?.takesInputs === true ? endOf(args, INPUTS_FOLLOW) : args.length
  return args.map((arg, index) => {
    if (index > inputsFrom) return `${AS_IT_IS}${arg}`
    if (arg === '-') return STANDARD_INPUT
    return index > end ? arg : switched(arg, switches)
  })
}

/** Where flags end, as this word says it. */
function endOf(args: readonly string[], word: string): number {
  const at = args.indexOf(word)
  return at < 0 ? args.length : at
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
