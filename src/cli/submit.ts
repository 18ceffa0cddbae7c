// dtr submit: one task. Standard output is its id, or with --wait its result, and nothing else.
import { text as readAll } from 'node:stream/consumers'
import type { TaskOptions } from '../client/spec.js'
import { TaskFailedError } from '../client/task-end.js'
import type { TaskHandle } from '../client/task-handle.js'
import { DtrError, EXIT_OK, messageOf } from '../errors.js'
import { CLUSTER_SETTINGS, type Command, type FlagWords } from './command.js'
import { connectBy } from './connect.js'
import { type Flags, STANDARD_INPUT } from './flags.js'
import { note, type Output } from './output.js'

/** What may be said about a task, for `submit` and `map`. */
export const TASK_FLAGS: Readonly<Record<string, FlagWords>> = {
  priority: { about: 'higher goes first; 0 where unset', value: 'N' },
  delay: { about: 'wait so long before the first attempt', value: '10s' },
  retries: { about: 'attempts after the first that failed', value: 'N' },
  timeout: { about: 'limit of one run', value: '5s' },
  expires: { about: 'fail if it is still pending after so long', value: '1h' },
  queue: { about: 'the queue that it waits in', value: 'NAME' },
}

export function taskOptions(flags: Flags): TaskOptions {
  return {
    priority: flags.integer('priority'),
    delay: flags.duration('delay'),
    retries: flags.integer('retries'),
    timeout: flags.duration('timeout'),
    expires: flags.duration('expires'),
    queue: flags.text('queue'),
  }
}

/** How long a submit looks for a master that went away meanwhile. Who waits for a result waits for the master, too. */
const RECONNECT_MS = 30_000

export const submit: Command = {
  name: 'submit',
  positionals: '<type> [payload]',
  about: 'submit a task and print its id',
  settings: CLUSTER_SETTINGS,
  flags: {
    ...TASK_FLAGS,
    key: { about: 'the same key is the same task, however often it is submitted', value: 'KEY' },
    description: { about: 'words for people', value: 'TEXT' },
    text: { about: 'the payload is plain text, not JSON' },
    wait: { about: 'wait for its end and print its result as JSON; exit 1 if it failed' },
  },
  examples: [
    [`submit sleep '{"ms": 500}' --wait`, 'a JSON payload; prints the result'],
    ['submit checksum --text README.md', 'a payload that is plain text'],
    ['submit echo - --key once < data.json', 'the payload from standard input'],
  ],
  async run(flags, output) {
    const options = { ...taskOptions(flags), key: flags.text('key'), description: flags.text('description') }
    const payload = parsePayload(await payloadText(flags.text('payload')), flags.has('text'))
    const client = await connectBy(
      flags,
      flags.has('wait') ? { connectFor: undefined } : { reconnectFor: RECONNECT_MS },
    )
    try {
      const handle = await client.submit(flags.demanded('type'), payload, options)
      if (handle.unserved) noteUnserved(flags.demanded('type'), 'task waits')
      if (flags.has('wait')) return await showEnd(handle, output)
      await output.line(handle.id)
      return EXIT_OK
    } finally {
      client.close()
    }
  },
}

async function showEnd(handle: TaskHandle, output: Output): Promise<number> {
  try {
    await output.line(shownResult(await handle.result()))
    return EXIT_OK
  } catch (error) {
    if (!(error instanceof TaskFailedError)) throw error
    note(`dtr: ${error.message}`)
    return new DtrError('task_failed', '').exitCode
  }
}

/** A result as JSON text; bytes as base64. */
export function shownResult(result: unknown): string {
  return JSON.stringify(Buffer.isBuffer(result) ? result.toString('base64') : result)
}

/** P12: whoever submits is told at once. */
export function noteUnserved(type: string, what: string): void {
  note(`dtr: no worker serves type ${type} at the moment; the ${what}`)
}

async function payloadText(argument: string | undefined): Promise<string | undefined> {
  return argument === STANDARD_INPUT ? readAll(process.stdin) : argument
}

function parsePayload(text: string | undefined, plain: boolean): unknown {
  if (text === undefined || plain) return text ?? null
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new DtrError('bad_input', `PAYLOAD is not JSON: ${messageOf(error)}`, {
      hint: `write JSON, such as '{"ms": 500}' or '"text"', or say --text for plain text`,
    })
  }
}
