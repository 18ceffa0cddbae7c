// How far an attempt is, as its code says it: checked where it is said, so that what travels is bounded.
import { shown } from '../config/options.js'
import { DtrError } from '../errors.js'

export const PROGRESS_CHARS_MAX = 500

export interface Progress {
  /** From 0 to 100. */
  readonly percent: number
  readonly message?: string
}

/**
 * A little beyond the end is the end: whoever divides two numbers means well. A long message is cut.
 * @throws DtrError `bad_input` for what is no number, or no text
 */
export function progressOf(percent: unknown, message?: unknown): Progress {
  if (typeof percent !== 'number' || Number.isNaN(percent)) {
    throw new DtrError('bad_input', `progress: percent must be a number from 0 to 100, not ${shown(percent)}`)
  }
  if (message !== undefined && typeof message !== 'string') {
    throw new DtrError('bad_input', `progress: message must be a text, not ${shown(message)}`)
  }
  const bounded = Math.min(100, Math.max(0, percent))
  return message === undefined ? { percent: bounded } : { percent: bounded, message: cut(message) }
}

/** In code units, and never through a pair of them. */
function cut(message: string): string {
  return message.slice(0, PROGRESS_CHARS_MAX).toWellFormed()
}
