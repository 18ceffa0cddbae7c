// dtr submit: one task. Standard output is its id, or with --wait its result, and nothing else.
import { text as readAll } from 'node:stream/consumers'
import type { TaskOptions } from '../client/spec.js'
import { TaskFailedError } from '../client/task-end.js'
import type { TaskHandle } from '../client/task-handle.js'
import { DtrError, EXIT_OK, messageOf } from '../errors.js'
import { COMPARISONS } from '../task/ballot.js'
import { AUTO } from '../task/quorum.js'
import { CLUSTER_SETTINGS, type Command, type FlagWords } from './command.js'
import { connectBy, tracedBy } from './connect.js'
import { type Flags, STANDARD_INPUT } from './flags.js'
import { note, type Output } from './output.js'
import { showCourse } from './watch.js'

/** What may be said about a task, for `submit` and `map`. */
export const TASK_FLAGS: Readonly<Record<string, FlagWords>> = {
  priority: { about: 'higher goes first; 0 where unset', value: 'N' },
  delay: { about: 'wait so long before the first attempt', value: '10s' },
  retries: { about: 'attempts after the first that failed', value: 'N' },
  timeout: { about: 'limit of one run', value: '5s' },
  expires: { about: 'fail if it waits after so long', value: '1h' },
  deadline: { about: 'fail if it has not ended after so long, and end its code', value: '2h' },
  queue: { about: 'the queue that it waits in', value: 'NAME' },
  replicas: { about: 'let so many workers do it, each once, and vote; auto: as their record asks for', value: '3' },
  quorum: { about: 'so many of them must agree; more than half where unset', value: '2' },
  'max-replicas': { about: 'where they disagree send out more, up to so many in all', value: '7' },
  compare: { about: 'what makes results the same: json, exact, numeric or own', value: 'json' },
  'vote-on': { about: 'vote on a part of the result, a JSON Pointer', value: '/label' },
  tolerance: { about: 'numbers agree where they are not further apart', value: '0.01' },
  'vote-all': { about: 'wait for all replicas, also where enough agree already' },
  spread: { about: 'host: no two replicas on one machine while others have room', value: 'host' },
}

export function taskOptions(flags: Flags): TaskOptions {
  return {
    priority: flags.integer('priority'),
    delay: flags.duration('delay'),
    retries: flags.integer('retries'),
    timeout: flags.duration('timeout'),
    expires: flags.duration('expires'),
    deadline: flags.duration('deadline'),
    queue: flags.text('queue'),
    replicas: replicasOf(flags),
    quorum: flags.integer('quorum'),
    maxReplicas: flags.integer('max-replicas'),
    compare: flags.word('compare', COMPARISONS),
    voteOn: flags.text('vote-on'),
    tolerance: flags.number('tolerance'),
    voteAll: flags.has('vote-all') || undefined,
    spread: flags.word('spread', ['host']),
  }
}

function replicasOf(flags: Flags): number | typeof AUTO | undefined {
  return flags.text('replicas') === AUTO ? AUTO : flags.integer('replicas')
}

/** How long a submit looks for a master that went away meanwhile. Who waits for a result waits for the master, too. */
const RECONNECT_MS = 30_000

export const submit: Command = {
  name: 'submit',
  positionals: '<type> [payload]',
  about: 'submit a task and print its id',
  settings: [...CLUSTER_SETTINGS, 'otel'],
  flags: {
    ...TASK_FLAGS,
    key: { about: 'the same key is the same task, however often it is submitted', value: 'KEY' },
    description: { about: 'words for people', value: 'TEXT' },
    text: { about: 'the payload is plain text, not JSON' },
    wait: { about: 'wait for its end and print its result as JSON; exit 1 if it failed' },
    follow: { about: 'show what it does until its end, as dtr watch does; exit 1 if it failed', short: 'f' },
    json: { about: 'with --follow: a line of JSON for each thing that happens' },
  },
  examples: [
    [`submit sleep '{"ms": 500}' --wait`, 'a JSON payload; prints the result'],
    ['submit checksum --text README.md', 'a payload that is plain text'],
    [`submit sleep '{"ms": 5000}' --follow`, 'shows its states, its progress and what it says'],
    ['submit echo - --key once < data.json', 'the payload from standard input'],
    [
      'submit sentiment --text "I love it" --replicas 3 --vote-on /label --wait',
      'three workers do it, and two must agree',
    ],
  ],
  async run(flags, output) {
    const follows = flags.has('follow')
    if (follows && flags.has('wait'))
      throw new DtrError('bad_input', '--follow: shows the end as well; leave --wait out')
    if (flags.has('json') && !follows)
      throw new DtrError('bad_input', '--json: is for --follow; --wait prints JSON anyway')
    const options = { ...taskOptions(flags), key: flags.text('key'), description: flags.text('description') }
    const payload = parsePayload(await payloadText(flags.text('payload')), flags.has('text'))
    const client = await connectBy(flags, {
      ...tracedBy(flags),
      ...(follows || flags.has('wait') ? { connectFor: undefined } : { reconnectFor: RECONNECT_MS }),
    })
    try {
      const handle = await client.submit(flags.demanded('type'), payload, options)
      if (handle.unserved) noteUnserved(flags.demanded('type'), 'task waits')
      if (follows) {
        note(`dtr: task ${handle.id}`)
        return await showCourse(client, [handle.id], flags.has('json'), output)
      }
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
