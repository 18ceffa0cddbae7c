// What went wrong, as RFC 9457 has it: `application/problem+json` with the codes of errors.ts.
import { DtrError, ERRORS, type ErrorCode } from '../../errors.js'
import { fieldOf } from '../refused-field.js'

export const PROBLEM_TYPE = 'application/problem+json'

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  /** The field that it is about. */
  readonly field?: string
  /** What to do. */
  readonly hint?: string
  readonly retry_after_ms?: number
  readonly request_id: string
}

/** A refusal of HTTP's own, whose status says more than that of its code. */
export class HttpRefusal extends DtrError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    options: { hint?: string; retryAfterMs?: number; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(code, message, options)
    this.status = status
    this.headers = options.headers ?? {}
  }
}

/** When a caller who is told nothing else may come again. */
const RETRY_AFTER_MS = 1_000

export function problemOf(error: DtrError, requestId: string): Problem {
  const { code, message, hint } = error
  const status = statusOf(error)
  const field = fieldOf(message)
  const retryAfterMs = error.retryAfterMs ?? (status === 503 ? RETRY_AFTER_MS : undefined)
  return {
    type: `urn:dtr:error:${code}`,
    title: code.replaceAll('_', ' '),
    status,
    detail: message,
    code,
    ...(field !== undefined && status < 500 && { field }),
    ...(hint !== undefined && { hint }),
    ...(retryAfterMs !== undefined && { retry_after_ms: Math.ceil(retryAfterMs) }),
    request_id: requestId,
  }
}

export function headersOf(error: DtrError, problem: Problem): Readonly<Record<string, string>> {
  return {
    ...(problem.retry_after_ms !== undefined && { 'retry-after': String(Math.ceil(problem.retry_after_ms / 1_000)) }),
    ...(problem.status === 401 && { 'www-authenticate': 'Bearer realm="dtr"' }),
    ...(error instanceof HttpRefusal && error.headers),
  }
}

/** Some codes are how a task ended: as the answer to a request they are an error all the same. */
function statusOf(error: DtrError): number {
  if (error instanceof HttpRefusal) return error.status
  const { http } = ERRORS[error.code]
  return http === 200 ? 500 : http
}
