// dtr failed: failed tasks by what went wrong, and what to do about each kind.
import { formatDuration } from '../config.js'
import { EXIT_OK } from '../errors.js'
import { escapeControls } from '../log.js'
import type { FailureField } from '../protocol/messages.js'
import { agoOf, CHOICE_FLAGS, choiceOf } from './chosen.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import { errorText } from './story.js'

export const failed: Command = {
  name: 'failed',
  about: 'failed tasks, grouped by what went wrong',
  settings: CLUSTER_SETTINGS,
  flags: { ...JSON_FLAG, ...CHOICE_FLAGS, since: { about: 'failed within so long', value: '1h' } },
  examples: [
    ['failed --since 1h', 'what fails just now'],
    [`failed --json | jq -r '.[0].key'`, 'the key of the most frequent error'],
  ],
  async run(flags, output) {
    const client = await connectBy(flags, { reconnectFor: 0 })
    try {
      const groups = await client.failures({ ...choiceOf(flags), endedSince: agoOf(flags, 'since') })
      if (flags.has('json')) await output.json(groups)
      else for (const line of describe(groups, Date.now())) await output.line(line)
      return EXIT_OK
    } finally {
      client.close()
    }
  },
}

function describe(groups: readonly FailureField[], now: number): readonly string[] {
  if (groups.length === 0) return ['no failed task matches']
  const total = groups.reduce((sum, { count }) => sum + count, 0)
  const lines = groups.flatMap((group) => groupLines(group, now))
  const [first] = groups
  return [
    `${total} failed, in ${groups.length} ${groups.length === 1 ? 'way' : 'ways'}`,
    '',
    ...lines,
    `look      dtr get ${first!.examples[0]}`,
    `mend      then: dtr retry --failed --error ${first!.key}    or --type ${first!.type}    or ids`,
  ]
}

function groupLines(
  { key, type, code, message, count, firstAt, lastAt, examples }: FailureField,
  now: number,
): string[] {
  const ago = (at: number): string => `${formatDuration(Math.max(0, now - at))} ago`
  const when = count === 1 ? ago(lastAt) : `${ago(firstAt)} to ${ago(lastAt)}`
  return [
    `${count} x ${type}: ${escapeControls(errorText({ code, message }))}`,
    `    error ${key}, ${when}`,
    ...examples.map((id) => `    ${id}`),
    '',
  ]
}
