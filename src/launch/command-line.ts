// The flags that say a cluster's settings to its processes: all that a command takes, so that nothing is guessed anew.
import { flagOf, formatSetting, SETTINGS, type SettingName, type Settings } from '../config.js'

const SHARED: readonly SettingName[] = [
  'data',
  'logs',
  'logLevel',
  'logJson',
  'bind',
  'advertise',
  'plaintext',
  'drain',
  'otel',
]
const TIMINGS: readonly SettingName[] = ['heartbeat', 'suspect', 'lease', 'codeDead']

/** The settings that `dtr master` takes. */
export const MASTER_SETTINGS: readonly SettingName[] = [
  ...SHARED,
  ...TIMINGS,
  'port',
  'workerPorts',
  'hosts',
  'scan',
  'pendingMax',
  'quarantine',
  'keepCompleted',
  'keepFailed',
  'keepTasks',
  'keepBytes',
  'pullLease',
  'pullStale',
  'pullSweep',
  'pullAttempts',
  'standby',
  'keepWorkers',
]

/** The settings that `dtr worker` takes. */
export const WORKER_SETTINGS: readonly SettingName[] = [
  ...SHARED,
  'id',
  'slots',
  'workerPorts',
  'queues',
  'model',
  'tasks',
  'builtins',
  'exec',
  'execFinal',
  'execOutput',
  'runner',
  'isolate',
  'recycleAfter',
  'recycleMemory',
  'memoryLimit',
  'blockedAfter',
  'watch',
  'masterTimeout',
  'killGrace',
  'defaultTimeout',
  'join',
  'workerGrpc',
]

/** The settings that `dtr gateway` takes. */
export const GATEWAY_SETTINGS: readonly SettingName[] = [
  'data',
  'logs',
  'logLevel',
  'logJson',
  'id',
  'http',
  'httpBind',
  'httpAuth',
  'plaintext',
  'httpHosts',
  'httpType',
  'httpTextType',
  'httpTextReplicas',
  'httpTextVoteOn',
  'grpc',
  'grpcScheduler',
  'dev',
  'otel',
]

/** Else workers serve the built-in tasks. */
export function namesTasks({ tasks, exec, runner }: Pick<Settings, 'tasks' | 'exec' | 'runner'>): boolean {
  return tasks.length + exec.length + runner.length > 0
}

/** `--flag=value` for each that is not what the command would assume by itself. */
export function argsOf(names: readonly SettingName[], settings: Settings): string[] {
  return names.filter((name) => isTold(name, settings)).flatMap((name) => argOf(name, settings[name]))
}

/** The four timings hang on each other: where one differs, all are told. */
function isTold(name: SettingName, settings: Settings): boolean {
  const differs = (candidate: SettingName): boolean =>
    formatSetting(candidate, settings[candidate]) !== formatSetting(candidate, SETTINGS[candidate].default)
  return TIMINGS.includes(name) ? TIMINGS.some(differs) : differs(name)
}

function argOf(name: SettingName, value: Settings[SettingName]): string[] {
  if (typeof value === 'object' && !('first' in value)) return value.map((item) => `--${flagOf(name)}=${item}`)
  return [typeof value === 'boolean' ? `--${flagOf(name)}` : `--${flagOf(name)}=${formatSetting(name, value)}`]
}
