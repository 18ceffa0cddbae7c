// The pipe between a launcher and each process that it starts, descriptor 3 of the child. Down it brings the secret, up it
// tells that the child is ready or why it is not; and its end says that the launcher is gone. One JSON line each way.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import ndjson from 'ndjson'
import { DtrError, isErrorCode } from '../errors.js'

export const LAUNCHER_FD = 3
/** The flag that tells a child that the pipe is there. */
export const LAUNCHED_FLAG = 'launched'
/** What a cluster whose launcher is gone still gets to finish what it runs. */
export const ORPHAN_GRACE_MS = 15_000

interface Down {
  readonly secret: string
}

/** What a child tells its launcher, once. */
export type ChildReport =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly error: DtrError }

type Up =
  | { readonly ready: { readonly port: number } }
  | { readonly failed: { readonly code: string; readonly message: string; readonly hint?: string } }

// --- The launcher's end --------------------------------------------------------------------------------------------------

/** Hands the secret down; `report` is called at most once. */
export function holdPipe(pipe: Duplex, secret: string, report: (report: ChildReport) => void): void {
  const down: Down = { secret }
  // A child that is gone already is told by its exit.
  pipe.on('error', () => {})
  pipe.write(`${JSON.stringify(down)}\n`)
  pipe
    .pipe(ndjson.parse())
    .on('error', () => {})
    .once('data', (up: Up) => report('ready' in up ? { kind: 'ready', ...up.ready } : failed(up.failed)))
}

function failed(told: Extract<Up, { failed: unknown }>['failed']): ChildReport {
  const code = isErrorCode(told.code) ? told.code : 'internal'
  const hint = told.hint === undefined ? {} : { hint: told.hint }
  return { kind: 'failed', error: new DtrError(code, told.message, hint) }
}

// --- The child's end ---------------------------------------------------------------------------------------------------

/** A launched process's link to its launcher. */
export interface LauncherLink {
  readonly secret: string
  /** Resolves when the launcher is gone. */
  readonly gone: Promise<void>
  ready(port: number): void
  failed(error: DtrError): void
}

/** @throws DtrError `bad_input` where there is no pipe, or nothing comes through it */
export async function openLauncherPipe(): Promise<LauncherLink> {
  const pipe = openSocket()
  pipe.on('error', () => {})
  const gone = new Promise<void>((resolve) => pipe.once('close', () => resolve()))
  const tell = (up: Up): void => void pipe.write(`${JSON.stringify(up)}\n`)
  return {
    secret: await readSecret(pipe),
    gone,
    ready: (port) => tell({ ready: { port } }),
    failed: (error) => tell({ failed: describe(error) }),
  }
}

function openSocket(): Socket {
  try {
    return new Socket({ fd: LAUNCHER_FD })
  } catch (error) {
    throw new DtrError('bad_input', `--${LAUNCHED_FLAG} is for processes that dtr itself starts`, { cause: error })
  }
}

function readSecret(pipe: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const broken = (): void => reject(new DtrError('bad_input', 'the launcher went away before it gave the secret'))
    pipe.once('close', broken)
    pipe
      .pipe(ndjson.parse())
      .on('error', broken)
      .once('data', (down: Down) => resolve(down.secret))
  })
}

function describe({ code, message, hint }: DtrError): Extract<Up, { failed: unknown }>['failed'] {
  return { code, message, ...(hint !== undefined && { hint }) }
}
