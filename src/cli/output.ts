// Standard output, for answers; what is about the run goes to standard error. A reader that goes away (`| head`) is no
// error: `closed` tells those who have more to say.
import { escapeControls } from '../log.js'
import { hasColours, isScreen } from './terminal.js'

export class Output {
  readonly #gone = new AbortController()
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream
    stream.on('error', () => this.#gone.abort())
  }

  /** Aborted when nobody reads any more. */
  get closed(): AbortSignal {
    return this.#gone.signal
  }

  /** A person reads it on a terminal. */
  get isScreen(): boolean {
    return isScreen(this.#stream)
  }

  get hasColours(): boolean {
    return hasColours(this.#stream)
  }

  /** Width of the terminal; none where there is none. */
  get columns(): number | undefined {
    return this.isScreen ? this.#stream.columns : undefined
  }

  /** Resolves when there is room for the next line. */
  line(text: string): Promise<void> {
    return this.bytes(`${text}\n`)
  }

  /** As they are. Resolves when there is room for more. */
  async bytes(bytes: string | Buffer): Promise<void> {
    if (this.closed.aborted || this.#stream.write(bytes)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done)
        this.closed.removeEventListener('abort', done)
        resolve()
      }
      this.#stream.once('drain', done)
      this.closed.addEventListener('abort', done)
    })
  }

  /** For programs that read line by line. */
  jsonLine(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value))
  }

  json(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value, null, this.isScreen ? 2 : undefined))
  }
}

/** A line on standard error. What tasks and files say in it must not steer the terminal. */
export function note(text: string): void {
  process.stderr.write(`${escapeControls(text)}\n`)
}
