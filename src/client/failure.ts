// What a failed request means, as an error of the registry.
import { DtrError, isErrorCode } from '../errors.js'
import type { MasterToClient } from '../protocol/messages.js'

/** The error that an answer other than the expected one stands for. */
export function failureError(message: MasterToClient): DtrError {
  if (message.type === 'error') {
    const { retryAfterMs } = message
    const code = isErrorCode(message.code) ? message.code : 'internal'
    return new DtrError(code, message.message, retryAfterMs === undefined ? {} : { retryAfterMs })
  }
  if (message.type === 'unsupported') {
    return new DtrError('unsupported', `the master does not know "${message.what}": it is of another version`)
  }
  return new DtrError('protocol', `the master answered with "${message.type}"`)
}
