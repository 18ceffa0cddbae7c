// Which tasks a command is about: flags that choose them, and the ids that were named or chosen, in parts, so that a
// hundred thousand of them take no more memory than a page.
import type { Client } from '../client/client.js'
import type { TaskQuery } from '../client/query.js'
import { DtrError } from '../errors.js'
import type { FlagWords } from './command.js'
import type { Flags } from './flags.js'
import { idsOf } from './ids.js'

/** Flags that narrow a choice. */
export const CHOICE_FLAGS: Readonly<Record<string, FlagWords>> = {
  type: { about: 'only of these types, with commas', value: 'TYPE' },
  queue: { about: 'only of these queues, with commas', value: 'NAME' },
}

const IDS_PER_PART = 500

export function choiceOf(flags: Flags): Pick<TaskQuery, 'types' | 'queues'> {
  return { types: flags.list('type'), queues: flags.list('queue') }
}

/** How long ago, as text; checked here, so that an error names the flag. */
export function agoOf(flags: Flags, name: string): string | undefined {
  flags.duration(name)
  return flags.text(name)
}

/**
 * Parts of the ids that were named, or of the tasks that match where `flag` asks for all.
 * @throws DtrError `bad_input` where neither or both were said
 */
export function chosenIds(
  flags: Flags,
  flag: string,
  narrow: readonly string[],
  query: TaskQuery,
): (client: Client) => AsyncGenerator<readonly string[], void> {
  const named = flags.texts('ids').length > 0
  const all = flags.has(flag)
  if (named === all) {
    throw new DtrError('bad_input', `say either the ids of tasks, or --${flag}`, {
      hint: `--${flag} takes all that match; ${narrow.map((name) => `--${name}`).join(', ')} narrow it`,
    })
  }
  const lost = named ? narrow.find((name) => flags.text(name) !== undefined) : undefined
  if (lost !== undefined) throw new DtrError('bad_input', `--${lost} goes with --${flag}, not with ids`)
  return (client) => (named ? idsOf(flags, IDS_PER_PART) : matching(client, query))
}

/** From the newest to the oldest: what comes to match meanwhile is behind, and not met again. */
async function* matching(client: Client, query: TaskQuery): AsyncGenerator<readonly string[], void> {
  let part: string[] = []
  for await (const { id } of client.tasks(query)) {
    if (part.push(id) < IDS_PER_PART) continue
    yield part
    part = []
  }
  if (part.length > 0) yield part
}
