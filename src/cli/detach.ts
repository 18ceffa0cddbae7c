// dtr start --detach: a launcher that goes on in the background, and the command that starts it and leaves.
//
// The launcher has a session of its own and no terminal, so a closed terminal does not reach it, and SIGHUP means nothing
// to it. Over the channel of node:child_process it says once how the start went; where whoever waits for that is gone
// before, it gives the start up.
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Settings } from '../config.js'
import { DtrError, type ErrorCode, EXIT_INTERRUPTED, EXIT_OK } from '../errors.js'
import { createLog, type Log } from '../log.js'
import { endOnCrash } from './crash.js'
import { howToUse, type Launched, launch, whatRuns } from './launcher.js'
import type { Output } from './output.js'
import { exitCodeOf, known, traceOf } from './report.js'
import { onEndSignals } from './signals.js'

/** The flag that a person writes, and the one that the launcher in the background gets instead. */
export const DETACH_FLAG = 'detach'
export const DETACHED_FLAG = 'detached'

type Report =
  | { readonly ready: Launched & { readonly launcher: number } }
  | { readonly failed: { readonly code: ErrorCode; readonly message: string; readonly hint?: string | undefined } }

const PROGRAM = fileURLToPath(new URL('../../../bin/dtr.js', import.meta.url))

// --- The command -------------------------------------------------------------------------------------------------------

/** @returns the exit code, once the cluster is ready. @throws DtrError what kept it from starting; nothing is left */
export async function startDetached(settings: Settings, named: string | undefined, output: Output): Promise<number> {
  if (settings.exit) throw new DtrError('bad_input', `--exit ends a demonstration, and --${DETACH_FLAG} shows none`)
  const log = `${resolve(settings.logs)}/launcher.log`
  const report = await startLauncher(log)
  if (report === undefined) return EXIT_INTERRUPTED
  if ('failed' in report) {
    const { code, message, hint } = report.failed
    throw new DtrError(code, message, hint === undefined ? {} : { hint })
  }
  await output.line(`launcher  in the background  pid ${report.ready.launcher}  (${log})`)
  for (const line of [...whatRuns(report.ready), ...howToUse(report.ready, named, true)]) await output.line(line)
  return EXIT_OK
}

/** @returns what it said; nothing where it was interrupted */
async function startLauncher(log: string): Promise<Report | undefined> {
  const args = process.argv.slice(2).map((arg) => arg.replace(`--${DETACH_FLAG}`, `--${DETACHED_FLAG}`))
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  let interrupted = false
  onEndSignals((count) => {
    interrupted = true
    child.kill(count === 1 ? 'SIGTERM' : 'SIGKILL')
  })
  let report: Report | undefined
  await new Promise<void>((done, failed) => {
    child.once('error', failed)
    child.once('exit', () => done())
    child.once('message', (said: Report) => {
      report = said
      // One that failed is waited for, so that nothing is left.
      if ('ready' in said) done()
    })
  })
  if (interrupted) return undefined
  if (report === undefined) {
    throw new DtrError('internal', 'the launcher ended before it was ready', { hint: `${log} may say why` })
  }
  if (child.connected) child.disconnect()
  child.unref()
  return report
}

// --- The launcher ------------------------------------------------------------------------------------------------------

/** @returns the exit code, once the cluster has ended */
export async function runDetached(settings: Settings): Promise<number> {
  const { logs, logLevel: level, logJson: json } = settings
  const log = createLog({ name: 'launcher', folder: resolve(logs), level, json })
  // Nobody reads its standard error. Its processes end when they find it gone.
  endOnCrash((error) => {
    log.last(['an error of dtr itself', ...traceOf(error)])
    return exitCodeOf(error)
  })
  try {
    return await serve(settings, log)
  } catch (error) {
    const { code, message, hint } = known(error, { debug: false, log: log.file })
    log.error(message)
    if (!(error instanceof DtrError)) log.last(traceOf(error))
    await say({ failed: { code, message, hint } })
    return exitCodeOf(error)
  } finally {
    await log.close()
  }
}

async function serve(settings: Settings, log: Log): Promise<number> {
  const alone = new AbortController()
  process.once('disconnect', () => alone.abort())
  const cluster = await launch({
    settings,
    tell: (line) => log.info(line),
    ignored: ['SIGHUP'],
    signal: alone.signal,
  })
  if (cluster === undefined) return EXIT_INTERRUPTED
  const { master, workers, gateway } = cluster
  log.info(`launcher in the background, pid ${process.pid}`)
  await say({ ready: { master, workers, gateway, settings: cluster.settings, launcher: process.pid } })
  if (process.connected) process.disconnect()
  const code = await cluster.ended
  log.info(`the cluster has ended, exit code ${code}`)
  return code
}

/** Resolves when it was handed over, or nobody is there. */
function say(report: Report): Promise<void> {
  return new Promise((done) => {
    if (process.send === undefined || !process.connected) return done()
    process.send(report, () => done())
  })
}
