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
import { backup } from './backup.js'
import { cancel } from './cancel.js'
import { type Command, type FlagWords, STANDARD_INPUT } from './command.js'
import { config } from './config.js'
import { endOnCrash } from './crash.js'
import { doctor } from './doctor.js'
import { failed } from './failed.js'
import { type Below, Flags } from './flags.js'
import { get } from './get.js'
import { logs } from './logs.js'
import { map } from './map.js'
import { master } from './master.js'
import { nearest, unknownFlags } from './nearest.js'
import { Output } from './output.js'
import { ps } from './ps.js'
import { reload } from './reload.js'
import { isDebug, report } from './report.js'
import { restore } from './restore.js'
import { retry } from './retry.js'
import { END_SIGNALS, onEndSignals } from './signals.js'
import { start } from './start.js'
import { status } from './status.js'
import { stop } from './stop.js'
import { submit } from './submit.js'
import { tasks } from './tasks.js'
import { worker } from './worker.js'

const COMMANDS: readonly Command[] = [
  start,
  submit,
  map,
  status,
  ps,
  tasks,
  get,
  failed,
  retry,
  cancel,
  stop,
  logs,
  reload,
  doctor,
  config,
  backup,
  restore,
  master,
  worker,
]
const GLOBAL_FLAGS = ['help', 'version', 'debug', 'config']
const HELP_COLUMNS_MAX = 120

/** Runs the command that `args` name, and ends the process with its exit code. */
export async function main(args: readonly string[]): Promise<void> {
  // P28: nobody may be left to read what is said there.
  process.stderr.on('error', () => {})
  endOnCrash((error) => report(error, { debug: isDebug(args, process.env) }))
  const code = await run(args, new Output())
  process.exit(code)
}

/** @returns the exit code */
export async function run(args: readonly string[], output: Output): Promise<number> {
  try {
    return await parse(args, output)
  } catch (error) {
    return report(error, { debug: isDebug(args, process.env) })
  }
}

async function parse(args: readonly string[], output: Output): Promise<number> {
  let code = EXIT_OK
  const parser = yargs(args.map((arg) => (arg === '-' ? STANDARD_INPUT : arg)))
    .scriptName('dtr')
    .usage('$0 <command>\n\nA durable, self-healing task cluster: one command, nothing else to install.')
    .parserConfiguration({
      'parse-numbers': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'boolean-negation': false,
    })
    .option('debug', { type: 'boolean', describe: 'show the trace of an error (DTR_DEBUG)' })
    .option('config', { type: 'string', requiresArg: true, describe: 'the config file, or none (DTR_CONFIG)' })
    .demandCommand(1, 'say what to do')
    .strict()
    .strictCommands()
    .version(VERSION)
    .epilogue(
      'Every setting is also a variable and may stand in a config file: --master-timeout is DTR_MASTER_TIMEOUT, or masterTimeout in dtr.config.json. dtr config tells what is in force.',
    )
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
  const known = [...command.settings.map(flagOf), ...Object.keys(command.flags ?? {}), ...GLOBAL_FLAGS]
  const [flag] = unknownFlags(args, known)
  const name = flag && nearest(flag.slice(2), known)
  return name ? `did you mean: --${name}` : help
}
