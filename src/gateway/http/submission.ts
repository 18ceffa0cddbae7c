// A task as it comes over HTTP: the words of those that came before (`data`, `text`, `task_type`, `max_attempts`) beside our
// own, as the type, payload and options that the client takes.
import type { SubmitOptions } from '../../client/client.js'
import type { Replicas } from '../../config.js'
import { DtrError } from '../../errors.js'
import { AUTO } from '../../task/quorum.js'
import { carriedIn } from './carried.js'
import type { SubmitBody } from './fields.js'

export interface Submission {
  readonly type: string
  readonly payload: unknown
  readonly options: SubmitOptions
}

/** What a task gets that does not say it itself. */
export interface SubmitDefaults {
  readonly type: string
  readonly textType: string
  /** Of a task with a text that says nothing of votes. */
  readonly textReplicas?: Replicas | undefined
  /** Of one that is voted on and does not say what its votes are about. */
  readonly textVoteOn?: string | undefined
  readonly maxAttempts: number | undefined
}

/**
 * @param header the Idempotency-Key
 * @throws DtrError `bad_input` where two words say the same thing
 */
export function submissionOf(body: SubmitBody, defaults: SubmitDefaults, header?: string | string[]): Submission {
  const { queue, priority, delay, timeout, expires, deadline, description, meta } = body
  const type = onlyOne(body, 'type', 'task_type') ?? (body.text === undefined ? defaults.type : defaults.textType)
  const attempts = body.max_attempts ?? (body.retries === undefined ? defaults.maxAttempts : undefined)
  onlyOne(body, 'max_attempts', 'retries')
  const retries = attempts === undefined ? body.retries : attempts - 1
  const key = keyOf(body.key, header)
  const options = {
    ...{ queue, priority, delay, timeout, expires, deadline, description, meta, retries, key },
    ...votingOf(body, defaults),
  }
  return {
    type,
    payload: payloadOf(body),
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  }
}

function votingOf(body: SubmitBody, { textReplicas, textVoteOn }: SubmitDefaults): Partial<SubmitOptions> {
  const { quorum, compare, tolerance, spread, max_replicas: maxReplicas, vote_on: voteOn } = body
  const replicas = onlyOne(body, 'replicas', 'required_submissions')
  // A task with `required_submissions` is over once it has so many.
  const voteAll = body.vote_all ?? (body.required_submissions === undefined ? undefined : true)
  const said = { replicas, quorum, maxReplicas, compare, voteOn, tolerance, voteAll, spread }
  if (body.text === undefined) return said
  const isVoted = Object.values(said).some((value) => value !== undefined)
  if (!isVoted && textReplicas !== undefined) {
    return { replicas: textReplicas, voteOn: textVoteOn, ...(textReplicas !== AUTO && { voteAll: true }) }
  }
  if (!isVoted) return said
  // Bytes and numbers are not compared by a part that was meant for texts.
  return compare === undefined && tolerance === undefined ? { ...said, voteOn: voteOn ?? textVoteOn } : said
}

function payloadOf({ payload, data, text, ...rest }: SubmitBody): unknown {
  onlyOne({ payload, data, text, ...rest }, 'payload', 'data', 'text')
  if (rest.payload_encoding !== undefined) return carriedIn(payload, rest.payload_encoding, 'payload')
  if (data !== undefined) return { data }
  return text === undefined ? (payload ?? null) : { text }
}

function onlyOne<Name extends keyof SubmitBody>(body: SubmitBody, ...names: readonly Name[]): SubmitBody[Name] {
  const [said, again] = names.filter((name) => body[name] !== undefined)
  if (said !== undefined && again !== undefined) {
    throw new DtrError('bad_input', `${again}: says the same as ${said}; give one of ${names.join(', ')}`)
  }
  return said === undefined ? undefined : body[said]
}

function keyOf(key: string | undefined, header: string | string[] | undefined): string | undefined {
  if (header === undefined) return key
  const [given = ''] = [header].flat()
  if (key !== undefined && key !== given) {
    throw new DtrError('bad_input', 'key: is another one than that of the Idempotency-Key header')
  }
  return given
}
