// One sitting at `dtr top`: asks the master once a second, gives whatever happens to the state, and draws what comes of it.
import type { Client } from '../../client/client.js'
import { EXIT_INTERRUPTED, EXIT_OK, messageOf } from '../../errors.js'
import type { Output } from '../output.js'
import { textOf } from './cells.js'
import { ID_END_CHARS } from './list.js'
import { poll } from './poll.js'
import { type Frame, screen } from './screen.js'
import { type Act, initialState, step, type TopEffect, type TopEvent, type TopState } from './state.js'
import { Terminal } from './terminal.js'

const EVERY_MS = 1_000

export interface Streams {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
}

/** One screen as text. It takes a second, for rates need two looks. */
export async function printOnce(client: Client, output: Output, columns: number): Promise<void> {
  let state = initialState(Date.now(), process.cwd())
  for (const waitMs of [EVERY_MS, 0]) {
    state = step(state, Date.now(), { kind: 'polled', snapshot: await poll(client, state.snapshot) }).state
    if (waitMs > 0) await later(waitMs)
  }
  const { lines } = screen(state, { columns, rows: Number.POSITIVE_INFINITY })
  for (const line of lines) await output.line(textOf(line, output.hasColours))
}

export class Session {
  readonly terminal: Terminal
  readonly #client: Client
  #state: TopState = initialState(Date.now(), process.cwd())
  #frame: Frame = { lines: [], pageRows: 1, scrollMax: 0 }
  #left = false
  #end: (code: number) => void = () => {}
  #fail: (error: unknown) => void = () => {}
  #asking = false

  constructor(client: Client, streams: Streams, colours: boolean) {
    this.#client = client
    this.terminal = new Terminal(streams, colours, {
      key: (key, text) => this.#pressed(key, text),
      redraw: () => this.#draw(),
    })
  }

  /** Resolves with the exit code when the person leaves. @throws DtrError where the client gave up */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
    })
    this.terminal.enter()
    this.#draw()
    // Also while the master says nothing: that is told, and times go on.
    const ticks = setInterval(() => this.#happened({ kind: 'tick' }), EVERY_MS)
    void this.#keepAsking()
    try {
      return await ended
    } finally {
      this.#left = true
      clearInterval(ticks)
      this.terminal.leave()
    }
  }

  async #keepAsking(): Promise<void> {
    try {
      while (!this.#left) {
        this.#happened({ kind: 'polled', snapshot: await poll(this.#client, this.#state.snapshot) })
        const { looking } = this.#state
        if (looking !== undefined) void this.#look(looking.id)
        await later(EVERY_MS)
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #pressed(key: string, text: string): void {
    const { pageRows, scrollMax } = this.#frame
    const effects = this.#happened({ kind: 'key', key, text, pageRows, scrollMax })
    if (effects.some(({ kind }) => kind === 'quit')) this.#end(key === 'ctrl-c' ? EXIT_INTERRUPTED : EXIT_OK)
  }

  #happened(event: TopEvent): readonly TopEffect[] {
    if (this.#left) return []
    const { state, effects } = step(this.#state, Date.now(), event)
    this.#state = state
    for (const effect of effects) {
      if (effect.kind === 'look') void this.#look(effect.id)
      if (effect.kind === 'act') void this.#act(effect.act, effect.id)
    }
    this.#draw()
    return effects
  }

  #draw(): void {
    this.#frame = screen(this.#state, this.terminal.size)
    this.terminal.draw(this.#frame.lines)
  }

  /** One question at a time: a running task is asked for what it says, which may take its worker a while. */
  async #look(id: string): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    try {
      const [task] = await this.#client.get([id], { story: true })
      const known = this.#state.looking?.logs ?? []
      if (task !== undefined) this.#happened({ kind: 'looked', id, task, logs: known })
      const logs = task === undefined ? [] : await this.#client.logs(id)
      this.#happened({ kind: 'looked', id, task, logs })
    } catch (error) {
      this.#happened({ kind: 'told', text: messageOf(error), bad: true })
    } finally {
      this.#asking = false
    }
    // Another one was opened meanwhile.
    const now = this.#state.looking
    if (now !== undefined && now.id !== id) void this.#look(now.id)
  }

  async #act(act: Act, id: string): Promise<void> {
    const told = (text: string, bad: boolean) =>
      this.#happened({ kind: 'told', text: `${act} …${id.slice(-ID_END_CHARS)}: ${text}`, bad })
    try {
      const [answer] = await this.#client[act]([id])
      const { status } = answer ?? { status: 'unknown' }
      told(ANSWERS[status], !DONE.includes(status))
      if (this.#state.looking?.id === id) void this.#look(id)
    } catch (error) {
      told(messageOf(error), true)
    }
  }
}

const DONE = ['cancelled', 'cancelling', 'retried']
const ANSWERS = {
  cancelled: 'cancelled',
  cancelling: 'being cancelled: its code is told to end',
  ended: 'it had ended before',
  retried: 'it waits to run again',
  kept: 'it stays as it is',
  busy: 'there is no room for more pending tasks: try again later',
  unknown: 'no such task is known any more',
} as const

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
