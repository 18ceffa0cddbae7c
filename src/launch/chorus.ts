// What several processes say at about the same time, such as that they loaded a module that was saved, as one line.
import type { Clock } from '../clock.js'

/** Workers look for changes twice a second, and their hosts take a while to start. */
const WAIT_MS = 1_500
const NAMED_MAX = 3

export class Chorus {
  /** The names of those who said it, by what they said, in the order in which it was said first. */
  readonly #said = new Map<string, { readonly names: string[]; readonly cancel: () => void }>()

  constructor(
    private readonly clock: Clock,
    private readonly tell: (line: string) => void,
  ) {}

  said(name: string, line: string): void {
    const before = this.#said.get(line)
    // Nobody says a thing twice in a chorus.
    if (before?.names.includes(name)) this.flush()
    else if (before !== undefined) return void before.names.push(name)
    const cancel = this.clock.wakeAt(this.clock.now().monoMs + WAIT_MS, () => this.flush())
    this.#said.set(line, { names: [name], cancel })
  }

  /** All that was held back, so that what is told next comes behind it. */
  flush(): void {
    for (const [line, { names, cancel }] of this.#said) {
      cancel()
      this.tell(`${listed(names)}: ${line}`)
    }
    this.#said.clear()
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMED_MAX
  return names.slice(0, NAMED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
