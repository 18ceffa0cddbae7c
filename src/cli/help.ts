// What --help shows: all commands on one screen, and the flags of one, its own first and those of every command last.
import type { Argv } from 'yargs'
import { flagOf, isDuration, type SettingName } from '../config.js'
import type { Command } from './command.js'

export const GLOBAL_FLAGS = {
  config: 'the config file, or none (DTR_CONFIG)',
  debug: 'show the trace of an error (DTR_DEBUG)',
  help: 'show this',
  version: 'show the version of dtr',
} as const

const NAME_COLUMNS = 12
const OF_NETWORK: readonly SettingName[] = [
  'bind',
  'advertise',
  'port',
  'workerPorts',
  'hosts',
  'join',
  'plaintext',
  'http',
  'httpBind',
  'httpHosts',
  'grpc',
  'grpcScheduler',
  'workerGrpc',
]
const OF_FILES: readonly SettingName[] = ['data', 'master', 'secretFile', 'keyFile', 'logs', 'logLevel', 'logJson']

/** Pure. */
export function overview(groups: Readonly<Record<string, readonly Command[]>>): readonly string[] {
  return [
    'dtr: a durable, self-healing task cluster; one command, nothing else to install',
    ...Object.entries(groups).flatMap(([title, commands]) => [
      '',
      `${title}:`,
      ...commands.map(({ name, about }) => `  ${name.padEnd(NAME_COLUMNS)}${brief(about)}`),
    ]),
    '',
    'dtr COMMAND --help: flags, examples. dtr config: settings. Begin: dtr start --workers 5',
  ]
}

/** What is said after a semicolon is for whoever asks about the one command. */
export function brief(about: string): string {
  return about.split(';')[0] ?? about
}

/** Sorts the flags of a command under titles. */
export function groupFlags(builder: Argv, { settings, flags = {} }: Command): void {
  const rest = settings.filter((name) => !isDuration(name) && !OF_NETWORK.includes(name) && !OF_FILES.includes(name))
  builder.group([...rest.map(flagOf), ...Object.keys(flags)], 'Flags:')
  builder.group(settings.filter(isDuration).map(flagOf), 'Timings:')
  builder.group(settings.filter((name) => OF_NETWORK.includes(name)).map(flagOf), 'Network:')
  builder.group(settings.filter((name) => OF_FILES.includes(name)).map(flagOf), 'The cluster and its files:')
  builder.group(Object.keys(GLOBAL_FLAGS), 'Of every command:')
}
