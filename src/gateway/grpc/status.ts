// What went wrong, as gRPC says it: the status that the registry of errors names for its code, a text, and for programs a
// google.rpc.Status with the code itself, the field, and when to come again.
import { Metadata, type ServiceError, status as statuses } from '@grpc/grpc-js'
import { DtrError, ERRORS } from '../../errors.js'
import { fieldOf } from '../refused-field.js'
import { encode } from './protos.js'

const DETAILS = 'grpc-status-details-bin'
/** When a caller who is told nothing else may come again. */
const RETRY_AFTER_MS = 1_000
/** Of the text: it is sent as a header, beside the details. */
const TEXT_CHARS_MAX = 1_000

export function statusOf({ code }: DtrError): number {
  const { grpc } = ERRORS[code]
  // Some codes are how a task ended: as the answer to a call they are an error all the same.
  return grpc === 'OK' ? statuses.INTERNAL : statuses[grpc]
}

export function serviceErrorOf(error: DtrError): Partial<ServiceError> {
  const code = statusOf(error)
  const { message, hint } = error
  const details = (hint === undefined ? message : `${message}: ${hint}`).slice(0, TEXT_CHARS_MAX)
  const metadata = new Metadata()
  metadata.set(DETAILS, encode('google.rpc.Status', { code, message: details, details: detailsOf(error, code) }))
  return { code, details, metadata }
}

/** An error that nobody has foreseen says nothing of itself: it is in the log. */
export function asDtrError(error: unknown): DtrError {
  return error instanceof DtrError ? error : new DtrError('internal', 'an error of dtr itself', { cause: error })
}

interface Any {
  readonly type_url: string
  readonly value: Buffer
}

function detailsOf(error: DtrError, code: number): readonly Any[] {
  const { message, hint } = error
  const metadata = hint === undefined ? {} : { hint }
  const details = [anyOf('ErrorInfo', { reason: error.code.toUpperCase(), domain: 'dtr', metadata })]
  const field = fieldOf(message)
  if (code === statuses.INVALID_ARGUMENT && field !== undefined) {
    details.push(anyOf('BadRequest', { fieldViolations: [{ field, description: message }] }))
  }
  if (code === statuses.UNAVAILABLE || code === statuses.RESOURCE_EXHAUSTED) {
    const ms = Math.ceil(error.retryAfterMs ?? RETRY_AFTER_MS)
    const retryDelay = { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 }
    details.push(anyOf('RetryInfo', { retryDelay }))
  }
  return details
}

function anyOf(name: string, value: object): Any {
  return { type_url: `type.googleapis.com/google.rpc.${name}`, value: encode(`google.rpc.${name}`, value) }
}
