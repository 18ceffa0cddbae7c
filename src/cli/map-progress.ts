// The progress of `dtr map` on standard error, where that is a terminal: how far, how fast, and how long it will take
// once the input has been read to its end.
import { SingleBar } from 'cli-progress'
import { formatDuration } from '../config.js'
import { isScreen } from './terminal.js'

export class MapProgress {
  readonly #bar: SingleBar | undefined
  readonly #startedMs = performance.now()
  #read = 0
  #ended = 0
  #readAll = false
  failed = 0

  constructor(isWanted = true) {
    this.#bar = isWanted && isScreen(process.stderr) ? openBar() : undefined
  }

  /** Passes the input through and counts it. */
  async *counting(inputs: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown, void, void> {
    for await (const input of inputs) {
      this.#read += 1
      yield input
    }
    this.#readAll = true
    this.#show()
  }

  ended(state: string): void {
    this.#ended += 1
    if (state !== 'completed') this.failed += 1
    // Its line and the bar must not share one on a terminal.
    if (isScreen(process.stdout) && this.#bar !== undefined) process.stderr.write('\r\u001b[K')
    this.#show()
  }

  stop(): void {
    this.#bar?.stop()
  }

  #show(): void {
    const rate = this.#ended / Math.max(0.001, (performance.now() - this.#startedMs) / 1_000)
    const leftMs = ((this.#read - this.#ended) / rate) * 1_000
    this.#bar?.setTotal(this.#read)
    this.#bar?.update(this.#ended, {
      rate: rate.toFixed(rate < 10 ? 1 : 0),
      left: this.#readAll ? `${formatDuration(leftMs)} left` : 'reading',
      failed: this.failed,
    })
  }
}

function openBar(): SingleBar {
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {value}/{total} | {failed} failed | {rate}/s | {left}',
    hideCursor: true,
    etaBuffer: 1,
  })
  bar.start(0, 0, { rate: '0', left: 'reading', failed: 0 })
  return bar
}
