// What a person reads of an error: its cause, the next step, and where more is to be read; a trace only where asked for.
import { DtrError, messageOf } from '../errors.js'
import { whyOf } from '../folders.js'
import { note } from './output.js'

export interface ReportOptions {
  /** Show the trace. */
  readonly debug: boolean
  /** The file in which the trace is. */
  readonly log?: string | undefined
}

/** What DTR_DEBUG may be to mean --debug. */
const DEBUG_SAID = ['1', 'true', 'yes', 'on']

export function isDebug(args: readonly string[], environment: NodeJS.ProcessEnv): boolean {
  const said = args.findLast((arg) => /^--debug(=|$)/.test(arg))?.split('=')[1]
  return args.includes('--debug') || DEBUG_SAID.includes(said ?? environment.DTR_DEBUG ?? '')
}

/** Says it on standard error. @returns the exit code that it stands for */
export function report(error: unknown, options: ReportOptions): number {
  for (const line of errorLines(error, options)) note(line)
  return exitCodeOf(error)
}

export function exitCodeOf(error: unknown): number {
  return error instanceof DtrError ? error.exitCode : new DtrError('internal', '').exitCode
}

export function errorLines(error: unknown, options: ReportOptions): readonly string[] {
  const { message, hint } = known(error, options)
  return [`dtr: ${message}`, ...(hint === undefined ? [] : [`     ${hint}`]), ...(options.debug ? traceOf(error) : [])]
}

/** Whatever was thrown, in words. */
export function known(error: unknown, { debug, log }: ReportOptions): DtrError {
  if (error instanceof DtrError) return error
  if (isOfSystem(error)) {
    const why = whyOf(error)
    return new DtrError('internal', messageOf(error), { ...(why !== undefined && { hint: why }), cause: error })
  }
  const trace = log === undefined ? '--debug shows the trace' : `the trace is in ${log}`
  return new DtrError(
    'internal',
    `internal error: ${error instanceof Error ? `${error.name}: ` : ''}${messageOf(error)}`,
    {
      hint: `a mistake in dtr itself: ${debug ? '' : `${trace}; `}docs/debugging.md says what to report`,
      cause: error,
    },
  )
}

/** The trace, and those of what caused it. */
export function traceOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  const lines = (error.stack ?? messageOf(error)).split('\n')
  const [first, ...more] = traceOf(error.cause)
  return first === undefined ? lines : [...lines, `caused by ${first}`, ...more]
}

/** The world's, although nobody has put it into words. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
