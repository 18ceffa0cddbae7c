// dtr map: a task for each line of standard input; a line of NDJSON for each as it ends. With --exec a command for each.
import type { Client } from '../client/client.js'
import type { MapItem, MapOptions } from '../client/map.js'
import { TaskFailedError } from '../client/task-end.js'
import { flagOf } from '../config.js'
import { DtrError, EXIT_INTERRUPTED, EXIT_OK, messageOf } from '../errors.js'
import { CLUSTER_SETTINGS, type Command } from './command.js'
import { connectBy, tracedBy } from './connect.js'
import { type Flags, STANDARD_INPUT } from './flags.js'
import { type MapWords, splitInputs, textsOf } from './inputs.js'
import { EXEC_FLAGS, EXEC_SETTINGS, mapExec } from './map-exec.js'
import { MapProgress } from './map-progress.js'
import type { Output } from './output.js'
import { noteUnserved, shownResult, TASK_FLAGS, taskOptions } from './submit.js'

export const map: Command = {
  name: 'map',
  positionals: '[type] [inputs..]',
  about: 'a task for each line of standard input, results as NDJSON; with --exec a command, as GNU parallel runs it',
  settings: [...CLUSTER_SETTINGS, 'otel', ...EXEC_SETTINGS],
  flags: {
    ...TASK_FLAGS,
    lines: { about: 'each line is plain text, not JSON' },
    ordered: { about: 'answer in the order of the input', short: 'k' },
    exec: { about: 'a command for each input, {} in it, on workers that are started for the time', value: 'COMMAND' },
    ...EXEC_FLAGS,
  },
  examples: [
    ['map checksum --lines < files.txt', 'find . -type f gives such a list'],
    ['map resize --ordered --retries 2 < jobs.ndjson', 'JSON lines, answers in their order'],
    [`map --exec 'convert {} {.}.png' --joblog log.tsv ::: *.jpg`, 'a command for each; --resume does what is left'],
  ],
  handlesSignals: true,
  takesInputs: true,
  async run(flags, output) {
    const words = splitInputs([...flags.texts('type'), ...flags.texts('inputs')])
    const line = flags.text('exec')
    if (line !== undefined) return mapExec(line, words, flags, output)
    const type = typeOf(words, flags)
    const leave = new AbortController()
    const options: MapOptions = { ...taskOptions(flags), ordered: flags.has('ordered'), signal: leave.signal }
    const interrupted = (): void => process.exit(EXIT_INTERRUPTED)
    process.once('SIGINT', interrupted)
    const client = await connectBy(flags, tracedBy(flags))
    process.off('SIGINT', interrupted)
    process.once('SIGINT', () => {
      leave.abort()
      process.once('SIGINT', interrupted)
    })
    output.closed.addEventListener('abort', () => leave.abort())
    try {
      return await mapInput(client, type, inputsOf(words, flags), output, options)
    } finally {
      client.close()
    }
  },
}

/** @throws DtrError `bad_input` where there is none, or what is said is of --exec */
function typeOf({ words }: MapWords, flags: Flags): string {
  const [type, extra] = words
  if (type === undefined || type === '' || type === STANDARD_INPUT) {
    throw new DtrError('bad_input', '<type> is missing, or --exec COMMAND', {
      hint: 'dtr map --help tells what there is',
    })
  }
  if (extra !== undefined) {
    throw new DtrError('bad_input', `dtr map takes no argument ${extra}; inputs stand behind :::`)
  }
  const wrong = [...Object.keys(EXEC_FLAGS), ...EXEC_SETTINGS.map(flagOf)].find(
    (name) => flags.text(name) !== undefined,
  )
  if (wrong === undefined) return type
  throw new DtrError('bad_input', `--${wrong} is of a map with --exec`, {
    hint: 'tasks of a cluster tell of themselves: dtr tasks, dtr retry --failed',
  })
}

function inputsOf(words: MapWords, flags: Flags): AsyncIterable<unknown> | Iterable<unknown> {
  const texts = textsOf(words)
  return flags.has('lines') ? texts : parsed(texts)
}

async function mapInput(
  client: Client,
  type: string,
  texts: AsyncIterable<unknown> | Iterable<unknown>,
  output: Output,
  options: MapOptions,
): Promise<number> {
  const { workers } = await client.status()
  if (!workers.some(({ types }) => types.includes(type))) noteUnserved(type, 'tasks wait')
  const progress = new MapProgress()
  const inputs = progress.counting(texts)
  try {
    for await (const item of client.map(type, inputs, options)) {
      progress.ended(item.state)
      await output.line(outLine(item))
    }
  } catch (error) {
    if (options.signal?.aborted !== true) throw error
    // A reader that wants no more, such as head, is no failure.
    return output.closed.aborted ? EXIT_OK : EXIT_INTERRUPTED
  } finally {
    progress.stop()
  }
  return progress.failed === 0 ? EXIT_OK : new DtrError('task_failed', '').exitCode
}

async function* parsed(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<unknown, void, void> {
  let number = 0
  for await (const line of lines) {
    number += 1
    if (line.trim() !== '') yield parseLine(line, number)
  }
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch (error) {
    throw new DtrError('bad_input', `line ${number} is not JSON: ${messageOf(error)}`, {
      hint: 'say --lines where each line is plain text',
    })
  }
}

/** Errors by their code, which is stable. */
function outLine({ index, id, state, result, error }: MapItem): string {
  const parts = [`"index":${index}`, ...(id === undefined ? [] : [`"id":"${id}"`]), `"state":"${state}"`]
  const end =
    error === undefined
      ? `"result":${shownResult(result)}`
      : `"error":${JSON.stringify({ code: error.code, message: plainMessage(error) })}`
  return `{${[...parts, end].join(',')}}`
}

/** What the task's own error says, without the words around it. */
function plainMessage(error: DtrError): string {
  return error instanceof TaskFailedError ? (error.attemptError?.message ?? error.message) : error.message
}
