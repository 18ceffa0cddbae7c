// dtr map: a task for each line of standard input; a line of NDJSON for each as it ends.
import type { Client } from '../client/client.js'
import type { MapItem, MapOptions } from '../client/map.js'
import { TaskFailedError } from '../client/task-end.js'
import { DtrError, EXIT_INTERRUPTED, EXIT_OK, messageOf } from '../errors.js'
import { PAYLOAD_BYTES_MAX } from '../protocol/messages.js'
import { CLUSTER_SETTINGS, type Command } from './command.js'
import { connectBy } from './connect.js'
import type { Flags } from './flags.js'
import { linesOf } from './lines.js'
import { MapProgress } from './map-progress.js'
import type { Output } from './output.js'
import { noteUnserved, shownResult, TASK_FLAGS, taskOptions } from './submit.js'

export const map: Command = {
  name: 'map',
  positionals: '<type>',
  about: 'a task for each line of standard input, results as NDJSON; as each ends',
  settings: CLUSTER_SETTINGS,
  flags: {
    ...TASK_FLAGS,
    lines: { about: 'each line is plain text, not JSON' },
    ordered: { about: 'answer in the order of the input' },
  },
  examples: [
    ['map checksum --lines < files.txt', 'find . -type f gives such a list'],
    ['map resize --ordered --retries 2 < jobs.ndjson', 'JSON lines, answers in their order'],
  ],
  handlesSignals: true,
  async run(flags, output) {
    const leave = new AbortController()
    const options: MapOptions = { ...taskOptions(flags), ordered: flags.has('ordered'), signal: leave.signal }
    const interrupted = (): void => process.exit(EXIT_INTERRUPTED)
    process.once('SIGINT', interrupted)
    const client = await connectBy(flags)
    process.off('SIGINT', interrupted)
    process.once('SIGINT', () => {
      leave.abort()
      process.once('SIGINT', interrupted)
    })
    output.closed.addEventListener('abort', () => leave.abort())
    try {
      return await mapInput(client, flags, output, options)
    } finally {
      client.close()
    }
  },
}

async function mapInput(client: Client, flags: Flags, output: Output, options: MapOptions): Promise<number> {
  const type = flags.demanded('type')
  const { workers } = await client.status()
  if (!workers.some(({ types }) => types.includes(type))) noteUnserved(type, 'tasks wait')
  const progress = new MapProgress()
  const lines = linesOf(process.stdin, PAYLOAD_BYTES_MAX)
  const inputs = progress.counting(flags.has('lines') ? lines : parsed(lines))
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

async function* parsed(lines: AsyncIterable<string>): AsyncGenerator<unknown, void, void> {
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
