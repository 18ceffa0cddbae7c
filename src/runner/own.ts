// A runner that a user wrote (docs/runners.md): a module whose default export is one. It is held to what every runner must
// hold: whatever it throws or gives back becomes an outcome that can travel.
import { DtrError, isErrorCode } from '../errors.js'
import { BALLOT_BYTES_MAX } from '../task/ballot.js'
import { isNonRetryable, wrongTypeName } from '../task/define.js'
import type { TaskError } from '../task/task.js'
import { checkFile, importDefault } from './load.js'
import { shown } from './load-error.js'
import {
  type AttemptInput,
  type AttemptOutcome,
  type Control,
  RESULT_BYTES_MAX,
  type Runner,
  type ServedType,
} from './runner.js'
import { taskErrorOf } from './thrown.js'

const TIMEOUT_MS_MAX = 2 ** 31 - 1
const ATTEMPTS_MAX = 1_000

export class OwnRunner implements Runner {
  readonly types: readonly ServedType[]
  readonly #runner: Runner
  /** Of its module, for errors. */
  readonly #path: string

  /**
   * @param path of its module, absolute
   * @throws DtrError `bad_input` that begins with the file
   */
  static async load(path: string): Promise<OwnRunner> {
    checkFile(path)
    const runner: unknown = await importDefault(path)
    return new OwnRunner(path, checkedRunner(runner, path))
  }

  private constructor(path: string, runner: Runner) {
    this.#path = path
    this.#runner = runner
    this.types = runner.types.map((type, index) => checkedType(type, index, path))
  }

  async run(attempt: AttemptInput, control: Control): Promise<AttemptOutcome> {
    let outcome: unknown
    try {
      outcome = await this.#runner.run(attempt, new OwnControl(control))
    } catch (thrown) {
      const final = isNonRetryable(thrown)
      return { kind: 'failed', error: taskErrorOf(thrown, final ? 'non_retryable' : 'task_failed'), final }
    }
    const checked = checkedOutcome(outcome)
    if (typeof checked !== 'string') return checked
    return refused(`the runner ${shown(this.#path)} gave back what is no outcome: ${checked}`)
  }
}

/** May be taken apart; and what a runner keeps must be what it says it is. */
class OwnControl implements Control {
  readonly #control: Control

  constructor(control: Control) {
    this.#control = control
  }

  get signal(): AbortSignal {
    return this.#control.signal
  }

  get blockedMs(): number {
    return this.#control.blockedMs ?? 0
  }

  readonly progress = (percent: number, message?: string): void => this.#control.progress(percent, message)

  readonly log = (text: string): void => this.#control.log(text)

  readonly checkpoint = (value: string): Promise<void> => {
    if (typeof value === 'string' && isJson(value)) return this.#control.checkpoint(value)
    throw new DtrError('bad_input', 'the checkpoint is not JSON as text')
  }
}

function refused(message: string): AttemptOutcome {
  return { kind: 'failed', error: taskErrorOf(message, 'non_retryable'), final: true }
}

function checkedRunner(runner: unknown, path: string): Runner {
  const { types, run } = (typeof runner === 'object' && runner !== null ? runner : {}) as Partial<Runner>
  if (Array.isArray(types) && types.length > 0 && typeof run === 'function') return runner as Runner
  throw new DtrError('bad_input', `${shown(path)}: its default export is no runner`, {
    hint: 'write export default { types: [{ type: "name" }], async run(attempt, { signal }) { ... } }',
  })
}

function checkedType(served: unknown, index: number, path: string): ServedType {
  const wrong = (why: string): DtrError => new DtrError('bad_input', `${shown(path)}: types[${index}]${why}`)
  if (typeof served !== 'object' || served === null) throw wrong(' is not an object')
  const { type, timeoutMs, maxAttempts, ...unknown } = served as Partial<Record<string, unknown>>
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) throw wrong(` has an unknown field "${stranger}"; known are type, timeoutMs, maxAttempts`)
  const wrongName = typeof type === 'string' ? wrongTypeName(type) : 'is not a text'
  if (wrongName !== undefined) throw wrong(`.type ${wrongName}`)
  checkWhole(timeoutMs, TIMEOUT_MS_MAX, () => wrong(`.timeoutMs must be a whole number from 1 to ${TIMEOUT_MS_MAX}`))
  checkWhole(maxAttempts, ATTEMPTS_MAX, () => wrong(`.maxAttempts must be a whole number from 1 to ${ATTEMPTS_MAX}`))
  return served as ServedType
}

function checkWhole(value: unknown, max: number, wrong: () => DtrError): void {
  if (value === undefined) return
  if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > max) throw wrong()
}

/** @returns what is wrong with it, or the outcome */
function checkedOutcome(outcome: unknown): AttemptOutcome | string {
  if (typeof outcome !== 'object' || outcome === null || !('kind' in outcome)) return 'it has no kind'
  const said = outcome as Readonly<Record<'kind' | 'result' | 'encoding' | 'ballot' | 'error' | 'final', unknown>>
  switch (said.kind) {
    case 'unserved':
      return { kind: 'unserved' }
    case 'completed':
      return checkedResult(said.result, said.encoding, said.ballot)
    case 'failed':
      if (typeof said.final !== 'boolean') return 'final is neither true nor false'
      return checkedFailure(said.error, said.final)
    default:
      return 'its kind is none of completed, failed, unserved'
  }
}

function checkedResult(result: unknown, encoding: unknown, ballot: unknown): AttemptOutcome | string {
  if (typeof result !== 'string') return 'its result is not a text'
  if (encoding !== 'json' && encoding !== 'base64') return 'its encoding is neither json nor base64'
  const bytes = Buffer.byteLength(result)
  if (bytes > RESULT_BYTES_MAX) {
    const message = `the result has ${bytes} bytes, and the limit is ${RESULT_BYTES_MAX}: return where it is`
    return { kind: 'failed', error: { code: 'too_large', message }, final: true }
  }
  if (!(encoding === 'json' ? isJson(result) : isBase64(result))) return `its result is not ${encoding}`
  if (ballot === undefined) return { kind: 'completed', result, encoding }
  if (typeof ballot !== 'string' || !isJson(ballot)) return 'its ballot is not JSON as text'
  if (Buffer.byteLength(ballot) <= BALLOT_BYTES_MAX) return { kind: 'completed', result, encoding, ballot }
  return `its ballot is longer than ${BALLOT_BYTES_MAX} bytes`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return text.isWellFormed()
  } catch {
    return false
  }
}

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text
}

function checkedFailure(error: unknown, final: boolean): AttemptOutcome | string {
  if (typeof error !== 'object' || error === null) return 'it has no error'
  const { code, message, stack, exitCode, signal } = error as Partial<Record<keyof TaskError, unknown>>
  if (typeof code !== 'string' || !isErrorCode(code)) return 'the code of its error is none of dtr'
  if (typeof message !== 'string') return 'its error has no message'
  return {
    kind: 'failed',
    error: {
      // Bounded, as all that travels.
      ...taskErrorOf(typeof stack === 'string' ? Object.assign(new Error(message), { stack }) : message, code),
      ...(Number.isInteger(exitCode) && { exitCode: Number(exitCode) }),
      ...(typeof signal === 'string' && /^SIG[A-Z0-9+]{1,20}$/.test(signal) && { signal }),
    },
    final,
  }
}
