// The terminal while it is ours: a screen of its own, without a cursor, each key as it is pressed. What always holds: it is
// left as it was found, whatever ends the process, except SIGKILL.
import { emitKeypressEvents, type Key } from 'node:readline'
import { createLogUpdate } from 'log-update'
import { type Line, textOf } from './cells.js'
import type { Size } from './screen.js'

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[2J\u001b[H'
const LEAVE = '\u001b[2J\u001b[H\u001b[?25h\u001b[?1049l'
const CLEAR = '\u001b[2J\u001b[H'

export interface TerminalHandlers {
  /** As people call it: `q`, `down`, `ctrl-c`; and what it types. */
  key(name: string, text: string): void
  /** What was drawn is not there any more, or does not fit. */
  redraw(): void
}

export class Terminal {
  readonly #input: NodeJS.ReadStream
  readonly #output: NodeJS.WriteStream
  readonly #colours: boolean
  readonly #handlers: TerminalHandlers
  #update: ((text: string) => void) | undefined
  readonly #onExit = (): void => this.leave()
  readonly #onKey = (text: string | undefined, key: Key): void => this.#pressed(text ?? '', key)
  readonly #onResize = (): void => this.#clear()

  constructor(
    streams: { input: NodeJS.ReadStream; output: NodeJS.WriteStream },
    colours: boolean,
    handlers: TerminalHandlers,
  ) {
    this.#input = streams.input
    this.#output = streams.output
    this.#colours = colours
    this.#handlers = handlers
    emitKeypressEvents(this.#input)
  }

  /** The last row stays empty, for whatever draws ends with a new line; so does the last column, where terminals differ in what follows. */
  get size(): Size {
    return { columns: Math.max(1, this.#output.columns - 1), rows: Math.max(1, this.#output.rows - 1) }
  }

  enter(): void {
    if (this.#update !== undefined) return
    this.#output.write(ENTER)
    this.#update = this.#drawing()
    process.on('exit', this.#onExit)
    this.#output.on('resize', this.#onResize)
    this.#input.on('keypress', this.#onKey)
    this.#input.setRawMode(true)
    this.#input.resume()
  }

  draw(lines: readonly Line[]): void {
    // log-update loses its place behind a change that ends with an empty line.
    this.#update?.(lines.map((line) => textOf(line, this.#colours) || ' ').join('\n'))
  }

  leave(): void {
    if (this.#update === undefined) return
    this.#update = undefined
    process.off('exit', this.#onExit)
    this.#output.off('resize', this.#onResize)
    this.#input.off('keypress', this.#onKey)
    this.#input.setRawMode(false)
    this.#input.pause()
    this.#output.write(LEAVE)
  }

  #pressed(text: string, { name = text, ctrl = false, meta = false }: Key): void {
    // Escape itself comes as if it were held down with another key.
    const key = name === 'escape' ? name : meta ? `meta-${name}` : ctrl ? `ctrl-${name}` : name
    if (key === 'ctrl-l') return this.#clear()
    if (key === 'ctrl-z') return this.#suspend()
    const types = !ctrl && !meta && /^[^\p{Cc}]+$/u.test(text)
    this.#handlers.key(types && text.length === 1 ? keyOf(text) : key, types ? text : '')
  }

  #clear(): void {
    this.#output.write(CLEAR)
    this.#update = this.#drawing()
    this.#handlers.redraw()
  }

  /** As the shell does it for other programs: it is to have its terminal while this one is stopped. */
  #suspend(): void {
    this.leave()
    process.once('SIGCONT', () => {
      this.enter()
      this.#handlers.redraw()
    })
    process.kill(0, 'SIGTSTP')
  }

  #drawing(): (text: string) => void {
    return createLogUpdate(this.#output, { showCursor: true })
  }
}

function keyOf(character: string): string {
  return character === ' ' ? 'space' : character
}
