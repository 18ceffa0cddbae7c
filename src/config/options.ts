// What a program passes as options: an object whose names are known. TypeScript says so before; this is for all others.
import { DtrError } from '../errors.js'
import { nearest } from './nearest.js'

/** @throws DtrError `bad_input` */
export function checkObject(options: unknown, what = 'options'): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return
  throw new DtrError('bad_input', `${what}: ${shown(options)} is not an object`)
}

/** @throws DtrError `bad_input` for what is no object, and for a name that is not known */
export function checkOptions(options: unknown, known: readonly string[], what = 'options'): void {
  checkObject(options, what)
  const stranger = Object.keys(options).find((name) => !known.includes(name))
  if (stranger === undefined) return
  const near = nearest(stranger, known)
  const meant = near === undefined ? '' : `; did you mean ${near}?`
  throw new DtrError('bad_input', `unknown ${what === 'options' ? 'option' : 'field'} ${stranger}${meant}`, {
    hint: `known are ${known.join(', ')}`,
  })
}

/** @throws DtrError `bad_input` */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new DtrError('bad_input', `signal: ${shown(signal)} is not an AbortSignal`)
}

/** @throws DtrError `bad_input` */
export function checkText(text: unknown, name: string): void {
  if (text === undefined || (typeof text === 'string' && text.trim() !== '')) return
  throw new DtrError('bad_input', `${name}: ${shown(text)} is not a text`)
}

/** @throws DtrError `bad_input` */
export function checkFunction(given: unknown, name: string): void {
  if (given === undefined || typeof given === 'function') return
  throw new DtrError('bad_input', `${name}: ${shown(given)} is not a function`)
}

/** A value in an error: short, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 100 ? `${text.slice(0, 100)}...` : text
}
