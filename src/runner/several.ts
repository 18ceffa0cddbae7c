// Several runners as one: each type goes to the one that serves it.
import type { AttemptInput, AttemptOutcome, Control, Runner, ServedType } from './runner.js'

export class SeveralRunners implements Runner {
  readonly types: readonly ServedType[]
  readonly #byType: ReadonlyMap<string, Runner>

  /** @param runners of which no two serve the same type */
  constructor(runners: readonly Runner[]) {
    this.types = runners.flatMap(({ types }) => types)
    this.#byType = new Map(runners.flatMap((runner) => runner.types.map(({ type }) => [type, runner] as const)))
  }

  async run(attempt: AttemptInput, control: Control): Promise<AttemptOutcome> {
    return this.#byType.get(attempt.type)?.run(attempt, control) ?? { kind: 'unserved' }
  }
}
