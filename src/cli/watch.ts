// dtr watch: what tasks do until they have ended. The exit code tells how they ended.
import type { Client } from '../client/client.js'
import { EXIT_OK } from '../errors.js'
import { CLUSTER_SETTINGS, type Command, type FlagWords } from './command.js'
import { connectBy } from './connect.js'
import { idsOf } from './ids.js'
import type { Output } from './output.js'
import { TaskView } from './task-view.js'

/** That of a command that waited for a task which failed. */
const EXIT_FAILED = 1
/** More of them nobody can follow, and a client may watch no more. */
const IDS_MAX = 10_000

export const WATCH_JSON: FlagWords = { about: 'a line of JSON for each thing that happens' }

export const watch: Command = {
  name: 'watch',
  positionals: '<ids..>',
  about: 'show what tasks do until they end: states, progress, what they say; exit 1 if one did not complete',
  settings: CLUSTER_SETTINGS,
  flags: { json: WATCH_JSON },
  examples: [
    ['watch 0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d', 'the id that submit printed'],
    ['tasks --state running --json | jq -r .id | dtr watch -', 'all that run now'],
    ['watch ID --json | jq -c "select(.kind == \\"progress\\")"', 'for a program'],
  ],
  async run(flags, output) {
    const ids = new Set<string>()
    for await (const part of idsOf(flags, IDS_MAX)) for (const id of part) ids.add(id)
    const client = await connectBy(flags, { connectFor: undefined })
    try {
      return await showCourse(client, [...ids], flags.has('json'), output)
    } finally {
      client.close()
    }
  },
}

/** Resolves with the exit code when all have ended, or nobody reads any more. */
export async function showCourse(
  client: Client,
  ids: readonly string[],
  json: boolean,
  output: Output,
): Promise<number> {
  if (ids.length === 0) return EXIT_OK
  const view = json ? undefined : new TaskView(output, ids.length > 1)
  let code = EXIT_OK
  try {
    for await (const event of client.watch(ids)) {
      if (event.kind === 'ended' && event.state !== 'completed') code = EXIT_FAILED
      await (view === undefined ? output.jsonLine(event) : view.show(event))
      if (output.closed.aborted) break
    }
  } finally {
    view?.stop()
  }
  return code
}
