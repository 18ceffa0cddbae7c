// When a map ends before its inputs do, as GNU parallel's --halt says it: `soon,fail=1`, `now,fail=10%`. Pure.
import { DtrError } from '../errors.js'

export interface Halt {
  /** `soon`: nothing more begins, what runs ends by itself. `now`: what runs is ended. */
  readonly when: 'soon' | 'now'
  readonly what: 'fail' | 'success' | 'done'
  readonly least: number
  /** `least` is of a hundred that have ended. */
  readonly isPercent: boolean
}

export interface Tally {
  readonly failed: number
  readonly succeeded: number
}

/** Before so many have come out this way a share of all says nothing. */
const SHARE_COUNT_MIN = 3

/** @returns none for `never`. @throws DtrError `bad_input` */
export function readHalt(text: string): Halt | undefined {
  if (text === 'never') return undefined
  const [, when, what, number = '', percent] = /^(soon|now),(fail|success|done)=(\d{1,9})(%?)$/.exec(text) ?? []
  const least = Number(number)
  const isPercent = percent === '%'
  if (when === undefined || least < 1 || (isPercent && least > 100)) {
    throw new DtrError('bad_input', `--halt: "${text}" does not say when to end`, {
      hint: 'soon or now, then fail, success or done and how many: soon,fail=1 or now,fail=10%; or never',
    })
  }
  return { when: when as Halt['when'], what: what as Halt['what'], least, isPercent }
}

export function isReached({ what, least, isPercent }: Halt, { failed, succeeded }: Tally): boolean {
  const ended = failed + succeeded
  const count = { fail: failed, success: succeeded, done: ended }[what]
  if (!isPercent) return count >= least
  return count >= SHARE_COUNT_MIN && count * 100 >= least * ended
}
