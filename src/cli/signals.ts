// Signals that ask a process to end, and what counts as asking twice.
//
// The first ends in order, a second one at once (P21). A terminal that goes away is no second wish: its shell and the
// kernel both say SIGHUP, and it means what the first said. And a Ctrl-C that is pressed once may come twice, from the
// terminal and through npx, which hands on what it gets: so a SIGINT soon after another is the same wish.
import { closeSync } from 'node:fs'
import { rawMonoMs } from '../clock.js'
import { EXIT_INTERRUPTED } from '../errors.js'

/** Those that a process leaves with, and the code that a shell gives to a death by it. */
export const END_SIGNALS = { SIGINT: EXIT_INTERRUPTED, SIGTERM: 143, SIGHUP: 129 } as const
export type EndSignal = keyof typeof END_SIGNALS

const SAME_WISH_MS = 300

/** How often it was asked to end, by these signals, one after the other. Pure. */
export class Wishes {
  #count = 0
  #lastMs = Number.NEGATIVE_INFINITY

  /** @returns the number of this wish, or none where it says nothing new */
  add(signal: EndSignal, atMs: number): number | undefined {
    const echo = signal === 'SIGINT' && atMs - this.#lastMs < SAME_WISH_MS
    if (this.#count > 0 && (echo || signal === 'SIGHUP')) return undefined
    this.#lastMs = atMs
    this.#count += 1
    return this.#count
  }
}

/**
 * Calls `asked` with the number of each wish to end. The process no longer ends by these signals by itself.
 * @param ignored signals that mean nothing to it
 */
export function onEndSignals(
  asked: (count: number, signal: EndSignal) => void,
  ignored: readonly EndSignal[] = [],
): void {
  const wishes = new Wishes()
  for (const signal of Object.keys(END_SIGNALS) as EndSignal[]) {
    process.on(signal, () => {
      if (signal === 'SIGHUP') process.once('exit', letGoOfTerminal)
      const count = ignored.includes(signal) ? undefined : wishes.add(signal, rawMonoMs())
      if (count !== undefined) asked(count, signal)
    })
  }
}

/** When it exits Node sets the terminal back as it was, and aborts where that is gone: so there is none to set back. */
function letGoOfTerminal(): void {
  for (const descriptor of [0, 1, 2]) {
    try {
      closeSync(descriptor)
    } catch {
      // It was closed before.
    }
  }
}
