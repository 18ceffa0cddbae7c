// The command line: finds the command, reads its flags, runs it, and turns what happened into an exit code and at most
// two lines on standard error.
import type { Argv, Options } from 'yargs'
import yargs from 'yargs'
import {
  flagOf,
  formatSetting,
  mergeSettings,
  SETTINGS,
  type SettingName,
  saidByVariables,
  variableOf,
} from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { findConfig } from '../launch/config-file.js'
import { VERSION } from '../launch/version.js'
import { closeTracing } from '../tracing/open.js'
import { spelledOut } from './arguments.js'
import type { Command, FlagWords } from './command.js'
import { COMMAND_GROUPS, COMMANDS } from './commands.js'
import { endOnCrash } from './crash.js'
import { type Below, Flags } from './flags.js'
import { GLOBAL_FLAGS, groupFlags, overview } from './help.js'
import { nearest, unknownFlags } from './nearest.js'
import { Output } from './output.js'
import { isDebug, report } from './report.js'
import { END_SIGNALS, onEndSignals } from './signals.js'

const HELP_COLUMNS_MAX = 120

/** Runs the command that `args` name, and ends the process with its exit code. */
export async function main(args: readonly string[]): Promise<void> {
  // P28: nobody may be left to read what is said there.
  process.stderr.on('error', () => {})
  endOnCrash((error) => report(error, { debug: isDebug(args, process.env) }))
  const code = await run(args, new Output())
  await closeTracing()
  process.exit(code)
}

/** @returns the exit code */
export async function run(args: readonly string[], output: Output): Promise<number> {
  try {
    // As people ask other programs.
    const asked = args[0] === 'help' ? [...args.slice(1), '--help'] : args
    if (isHelp(asked)) return await showOverview(output)
    return await parse(asked, output)
  } catch (error) {
    return report(error, { debug: isDebug(args, process.env) })
  }
}

function isHelp(args: readonly string[]): boolean {
  return args.includes('--help') && args.every((arg) => arg.startsWith('-'))
}

async function showOverview(output: Output): Promise<number> {
  for (const line of overview(COMMAND_GROUPS)) await output.line(line)
  return EXIT_OK
}

async function parse(args: readonly string[], output: Output): Promise<number> {
  let code = EXIT_OK
  const parser = yargs(spelledOut(args, COMMANDS))
    .scriptName('dtr')
    .parserConfiguration({
      'parse-numbers': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'boolean-negation': false,
    })
    .option('debug', { type: 'boolean' })
    .option('config', { type: 'string', requiresArg: true })
    .describe(GLOBAL_FLAGS)
    .demandCommand(1, 'say what to do')
    .strict()
    .strictCommands()
    .version('version', GLOBAL_FLAGS.version, VERSION)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message: string | undefined, error: Error | undefined) => {
      // What yargs itself throws is about the arguments as well.
      if (error !== undefined && error.name !== 'YError') throw error
      const wrong = message ?? error?.message ?? 'bad usage'
      throw new DtrError('bad_input', wrongIn(args, wrong), { hint: meant(args) })
    })
  parser.wrap(Math.min(HELP_COLUMNS_MAX, parser.terminalWidth()))
  for (const command of COMMANDS) {
    parser.command(
      [command.name, command.positionals].filter(Boolean).join(' '),
      command.about,
      (builder) => describe(builder, command),
      async (found) => {
        code = await runCommand(command, new Flags(found, await settingsBelow(command, found)), output)
      },
    )
  }
  await parser.parseAsync()
  return code
}

function describe(builder: Argv, command: Command): Argv {
  for (const name of command.settings) builder.option(flagOf(name), settingOption(name))
  for (const [name, words] of Object.entries(command.flags ?? {})) builder.option(name, flagOption(words))
  for (const positional of command.positionals?.match(/\w+/g) ?? []) builder.positional(positional, { type: 'string' })
  groupFlags(builder, command)
  return builder.example(command.examples.map(([text, what]) => [`dtr ${text}`, what] as [string, string]))
}

function settingOption(name: SettingName): Options {
  const { default: fallback, about } = SETTINGS[name]
  const describe = `${about} (${variableOf(name)})`
  if (typeof fallback === 'boolean') return { type: 'boolean', describe }
  if (Array.isArray(fallback)) return { type: 'array', string: true, requiresArg: true, describe }
  return { type: 'string', requiresArg: true, describe, ...defaultShown(name) }
}

function defaultShown(name: SettingName): Options {
  const { default: fallback } = SETTINGS[name]
  return fallback === undefined ? {} : { defaultDescription: formatSetting(name, fallback) }
}

function flagOption({ about, value, hidden, short }: FlagWords): Options {
  const kind: Options = value === undefined ? { type: 'boolean' } : { type: 'string', requiresArg: true }
  return { ...kind, describe: about, hidden: hidden ?? false, ...(short !== undefined && { alias: short }) }
}

/** The config file and the variables. Both are checked whole, also where a command needs little of them. */
async function settingsBelow(command: Command, found: Readonly<Record<string, unknown>>): Promise<Below> {
  const variables = saidByVariables(process.env)
  const named = new Flags(found).text('config') ?? process.env.DTR_CONFIG
  const config = await findConfig(process.cwd(), { named, walksUp: command.looksHereOnly !== true })
  mergeSettings(...(config === undefined ? [] : [config.said]), variables)
  return { config, variables }
}

async function runCommand(command: Command, flags: Flags, output: Output): Promise<number> {
  if (command.handlesSignals === true) return command.run(flags, output)
  onEndSignals((_count, signal) => process.exit(END_SIGNALS[signal]))
  return command.run(flags, output)
}

/** What yargs has against these arguments, in the words of --help. */
function wrongIn(args: readonly string[], message: string): string {
  const command = COMMANDS.find(({ name }) => name === args[0])
  const [, words = ''] = /^Unknown commands?: (.*)$/s.exec(message) ?? []
  if (command !== undefined && words !== '')
    return `dtr ${command.name} takes no argument ${words}; quote what has spaces`
  if (words !== '') return `unknown command ${words.split(', ')[0]}`
  if (message.startsWith('Not enough non-option'))
    return `${command?.positionals?.match(/<\w+(?:\.\.)?>/)?.[0] ?? ''} is missing`
  return message.replace(/^Not enough arguments following: (.*)$/, '--$1: its value is missing')
}

/** What a wrong command or flag was probably meant to be. */
function meant(args: readonly string[]): string {
  const command = COMMANDS.find(({ name }) => name === args[0])
  const help = `dtr ${command === undefined ? '' : `${command.name} `}--help tells what there is`
  if (command === undefined) {
    const word = args.find((arg) => !arg.startsWith('-'))
    const name =
      word &&
      nearest(
        word,
        COMMANDS.map(({ name }) => name),
      )
    return name ? `did you mean: dtr ${name}` : help
  }
  const known = [...command.settings.map(flagOf), ...Object.keys(command.flags ?? {}), ...Object.keys(GLOBAL_FLAGS)]
  const [flag] = unknownFlags(args, known)
  const name = flag && nearest(flag.slice(2), known)
  return name ? `did you mean: --${name}` : help
}
