// What `dtr master` and `dtr worker` share: the secret and its source, the log, signals, and the end.
//
// The first signal ends in order, a second one at once (P21). A process that a launcher started also ends, in order, when
// that launcher is gone: nothing outlives it by more than 30 s.
import { resolve } from 'node:path'
import { clusterFolder } from '../client/connect.js'
import type { SettingName, Settings } from '../config.js'
import { EXIT_OK } from '../errors.js'
import { checkLogs } from '../launch/folder.js'
import { LAUNCHED_FLAG, type LauncherLink, ORPHAN_GRACE_MS, openLauncherPipe } from '../launch/pipe.js'
import { keyFor, secretFor } from '../launch/secret.js'
import { createLog, type Log } from '../log.js'
import type { FlagWords } from './command.js'
import { endOnCrash } from './crash.js'
import type { Flags } from './flags.js'
import { known, report, traceOf } from './report.js'
import { onEndSignals } from './signals.js'

export interface Service {
  readonly port: number
  /** Resolves with the exit code. */
  readonly ended: Promise<number>
  endInOrder(why: string, graceMs: number): void
  endNow(): void
}

/** As text. */
export type GivenCredential = { readonly secret: string } | { readonly key: string }

export interface ServiceStart {
  readonly flags: Flags
  readonly settings: readonly SettingName[]
  readonly nameOf: (settings: Settings) => string
  /** Whether a folder and a secret are made where there are none. */
  readonly makesFolder: boolean
  /** It may come with a key in place of the secret. */
  readonly takesKey?: boolean
  /** Its log file belongs to whoever holds the folder, and is begun by `start`. */
  readonly sharesLog?: boolean
  start(given: Settings, options: { credential: GivenCredential; log: Log; signal: AbortSignal }): Promise<Service>
}

export const LAUNCHED_FLAGS: Readonly<Record<string, FlagWords>> = {
  [LAUNCHED_FLAG]: { about: 'a launcher holds the other end of descriptor 3', hidden: true },
}

/** @returns the exit code */
export async function runService(options: ServiceStart): Promise<number> {
  const { flags } = options
  const launcher = flags.has(LAUNCHED_FLAG) ? await openLauncherPipe() : undefined
  const settings = settingsOf(options)
  const credential = launcher === undefined ? credentialOf(options, settings) : { secret: launcher.secret }
  if (launcher === undefined) checkLogs(settings.logs)
  const log = createLog({
    name: options.nameOf(settings),
    folder: settings.logs,
    level: settings.logLevel,
    json: settings.logJson,
    stderr: launcher === undefined,
    fileLater: options.sharesLog === true,
  })
  endOnCrash((error) => {
    log.last(['an error of dtr itself', ...traceOf(error)])
    return report(error, { debug: false, log: log.file })
  })
  try {
    return await serve(options, settings, { credential, log, launcher })
  } catch (error) {
    const told = known(error, { debug: false, log: log.file })
    log.error(told.message)
    if (told !== error) log.last(traceOf(error))
    if (launcher === undefined) throw told
    // The launcher says it to whoever started the cluster.
    launcher.failed(told)
    return told.exitCode
  } finally {
    await log.close()
  }
}

async function serve(
  options: ServiceStart,
  settings: Settings,
  { credential, log, launcher }: { credential: GivenCredential; log: Log; launcher: LauncherLink | undefined },
): Promise<number> {
  const starting = new AbortController()
  let service: Service | undefined
  let asked = false
  const endInOrder = (why: string, graceMs: number): void => {
    if (asked) return service?.endNow()
    asked = true
    starting.abort()
    service?.endInOrder(why, graceMs)
  }
  onEndSignals((_count, signal) => endInOrder(signal, settings.drain))
  void launcher?.gone.then(() => {
    if (!asked) endInOrder('the launcher is gone', Math.min(settings.drain, ORPHAN_GRACE_MS))
  })
  try {
    service = await options.start(settings, { credential, log, signal: starting.signal })
  } catch (error) {
    if (asked) return EXIT_OK
    throw error
  }
  launcher?.ready(service.port)
  if (asked) service.endInOrder('asked to while it started', 0)
  return service.ended
}

/** The folder that was named, or the nearest; with neither, the one that would be made here. */
function settingsOf({ flags, settings: names }: ServiceStart): Settings {
  const settings = flags.resolve([...names, 'secretFile', 'keyFile'])
  const folder = clusterFolder(flags.settings(['data']).data, process.env)
  return { ...settings, data: folder ?? resolve(settings.data) }
}

function credentialOf({ flags, takesKey, makesFolder }: ServiceStart, settings: Settings): GivenCredential {
  // A secret file that was named on the command line ranks before what variables and config file say.
  const mayKey = takesKey === true && flags.text('secret-file') === undefined
  const key = mayKey ? keyFor(settings, process.env) : undefined
  return key === undefined
    ? { secret: secretFor(settings.data, settings, process.env, { make: makesFolder }) }
    : { key }
}
