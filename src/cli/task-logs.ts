// What a task has said, for `dtr logs ID`: its text to standard output as it is, and what is about it to standard error.
import type { Client } from '../client/client.js'
import type { TaskLog } from '../client/task-events.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { escapeControls } from '../log.js'
import { connectBy } from './connect.js'
import type { Flags } from './flags.js'
import { note, type Output } from './output.js'

const TASK_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** They say which lines of processes are meant. */
const OF_PROCESSES = ['lines', 'since', 'level']

export function isTaskId(name: string | undefined): name is string {
  return name !== undefined && TASK_ID.test(name)
}

export async function taskLogs(id: string, flags: Flags, output: Output): Promise<number> {
  const odd = OF_PROCESSES.find((name) => flags.text(name) !== undefined)
  if (odd !== undefined) {
    throw new DtrError('bad_input', `--${odd}: is for the logs of processes, and ${id} is a task`, {
      hint: 'the last 64 KiB of each attempt are kept; dtr logs ID | tail shows the end',
    })
  }
  const follows = flags.has('follow')
  const client = await connectBy(flags, follows ? { connectFor: undefined } : {})
  const printer = new Printer(flags.has('json'), output)
  try {
    if (follows) await follow(client, id, printer, output)
    else for (const log of await client.logs(id)) await printer.print(log)
  } finally {
    client.close()
  }
  return EXIT_OK
}

async function follow(client: Client, id: string, printer: Printer, output: Output): Promise<void> {
  for await (const event of client.watch(id)) {
    if (event.kind === 'log') await printer.print({ ...event, skipped: event.skipped ?? 0 })
    if (output.closed.aborted) return
  }
}

class Printer {
  readonly #json: boolean
  readonly #output: Output
  #attempt: number | undefined

  constructor(json: boolean, output: Output) {
    this.#json = json
    this.#output = output
  }

  async print({ attempt, text, skipped, endedAt }: TaskLog): Promise<void> {
    if (this.#json) {
      const ended = endedAt === undefined ? {} : { endedAt: new Date(endedAt).toISOString() }
      return this.#output.jsonLine({ attempt, text, skipped, ...ended })
    }
    if (attempt !== this.#attempt && (attempt > 1 || this.#attempt !== undefined)) note(`dtr: attempt ${attempt}`)
    this.#attempt = attempt
    if (skipped > 0) note(`dtr: ${skipped} bytes before this are not kept`)
    await this.#output.bytes(this.#output.isScreen ? text.split('\n').map(escapeControls).join('\n') : text)
  }
}
