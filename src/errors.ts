// The registry of everything that can go wrong, in one place. A code is stable: scripts, exit codes and (later) HTTP and
// gRPC statuses hang on it. The world's errors are DtrError values; a programmer's error is an ordinary throw.

/** What a code means to whoever meets it. `exit` is the exit code of a command that ends with it. */
interface ErrorKind {
  readonly exit: number
  /** The same request may succeed later without being changed. */
  readonly retriable: boolean
  readonly http: number
  readonly grpc: string
}

export const ERRORS = {
  bad_input: { exit: 2, retriable: false, http: 400, grpc: 'INVALID_ARGUMENT' },
  too_large: { exit: 2, retriable: false, http: 413, grpc: 'INVALID_ARGUMENT' },
  not_found: { exit: 2, retriable: false, http: 404, grpc: 'NOT_FOUND' },
  conflict: { exit: 2, retriable: false, http: 409, grpc: 'ALREADY_EXISTS' },
  unsupported: { exit: 2, retriable: false, http: 501, grpc: 'UNIMPLEMENTED' },
  no_cluster: { exit: 3, retriable: true, http: 503, grpc: 'UNAVAILABLE' },
  busy: { exit: 4, retriable: true, http: 503, grpc: 'RESOURCE_EXHAUSTED' },
  unauthorised: { exit: 4, retriable: false, http: 401, grpc: 'UNAUTHENTICATED' },
  forbidden: { exit: 4, retriable: false, http: 403, grpc: 'PERMISSION_DENIED' },
  owned: { exit: 4, retriable: true, http: 409, grpc: 'FAILED_PRECONDITION' },
  stale: { exit: 4, retriable: false, http: 409, grpc: 'FAILED_PRECONDITION' },
  stopping: { exit: 4, retriable: true, http: 503, grpc: 'UNAVAILABLE' },
  ports_taken: { exit: 5, retriable: true, http: 500, grpc: 'UNAVAILABLE' },
  data_in_use: { exit: 5, retriable: true, http: 500, grpc: 'FAILED_PRECONDITION' },
  data_refused: { exit: 5, retriable: false, http: 500, grpc: 'FAILED_PRECONDITION' },
  drain_incomplete: { exit: 6, retriable: false, http: 500, grpc: 'ABORTED' },
  protocol: { exit: 1, retriable: false, http: 400, grpc: 'INVALID_ARGUMENT' },
  unreachable: { exit: 3, retriable: true, http: 503, grpc: 'UNAVAILABLE' },
  store_failed: { exit: 1, retriable: true, http: 500, grpc: 'INTERNAL' },
  internal: { exit: 1, retriable: false, http: 500, grpc: 'INTERNAL' },
  // How an attempt or a task ended, other than well.
  task_failed: { exit: 1, retriable: true, http: 200, grpc: 'OK' },
  non_retryable: { exit: 1, retriable: false, http: 200, grpc: 'OK' },
  payload_refused: { exit: 1, retriable: false, http: 200, grpc: 'OK' },
  unserved: { exit: 1, retriable: true, http: 200, grpc: 'OK' },
  timeout: { exit: 1, retriable: true, http: 200, grpc: 'OK' },
  lost: { exit: 1, retriable: true, http: 200, grpc: 'OK' },
  out_of_memory: { exit: 1, retriable: true, http: 200, grpc: 'OK' },
  host_died: { exit: 1, retriable: true, http: 200, grpc: 'OK' },
  returned: { exit: 1, retriable: true, http: 200, grpc: 'OK' },
  poison: { exit: 1, retriable: false, http: 200, grpc: 'OK' },
  deadline: { exit: 1, retriable: false, http: 200, grpc: 'OK' },
  no_quorum: { exit: 1, retriable: false, http: 200, grpc: 'OK' },
  expired: { exit: 1, retriable: false, http: 200, grpc: 'OK' },
  cancelled: { exit: 1, retriable: false, http: 200, grpc: 'CANCELLED' },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

/** Exit codes that stand for no error of the registry. */
export const EXIT_OK = 0
export const EXIT_INTERRUPTED = 130

/** An error of the world, not of the programmer: `code` is stable, `message` says what to do, `hint` the next step. */
export class DtrError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  /** For `busy`: when to try again, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DtrError'
    this.code = code
    this.hint = options.hint
    this.retryAfterMs = options.retryAfterMs
  }

  get exitCode(): number {
    return ERRORS[this.code].exit
  }

  get retriable(): boolean {
    return ERRORS[this.code].retriable
  }
}

/** Whether `text` is a code of the registry; what came over a wire may not be. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text)
}

/** The message of whatever was thrown, one line. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name
  return String(thrown)
}
