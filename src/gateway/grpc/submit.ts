// Tasks that come over gRPC, to the master: one by one, or as a stream that is read as fast as the master takes them.
import type { SubmitOptions } from '../../client/client.js'
import type { TaskHandle } from '../../client/task-handle.js'
import { DtrError } from '../../errors.js'
import { checkRights } from '../../task/roles.js'
import { readJson } from '../json-body.js'
import type { Asked } from './calls.js'
import { carriedIn } from './carried.js'
import type { SubmitTasksResponse } from './generated/orchestrator/v1/SubmitTasksResponse.js'
import type { TaskSpec__Output as TaskSpec } from './generated/orchestrator/v1/TaskSpec.js'
import type { GrpcServing } from './serving.js'
import { asDtrError } from './status.js'
import { msOf } from './times.js'

const ATTEMPTS_MAX = 1_000
/** Read and not answered by the master. */
const WINDOW = 1_000
/** Their ids are about half of what most clients take as one message. */
const STREAM_TASKS_MAX = 50_000
const REFUSALS_MAX = 100
/** How long a task of a stream waits where the master is busy. */
const BUSY_MS = 30_000

/** The type, payload and options that the client takes. @throws DtrError `bad_input` */
function submissionOf(spec: TaskSpec): { type: string; payload: unknown; options: SubmitOptions } {
  const { name, description, queue, priority, idempotencyKey, maxAttempts, meta } = spec
  if (name === '') throw new DtrError('bad_input', 'name: is missing; it is the type of the task')
  if (maxAttempts > ATTEMPTS_MAX) {
    throw new DtrError('bad_input', `max_attempts: ${maxAttempts} is more than ${ATTEMPTS_MAX}`)
  }
  const options = {
    description: description || undefined,
    queue: queue || undefined,
    priority: priority || undefined,
    key: idempotencyKey || undefined,
    retries: maxAttempts === 0 ? undefined : maxAttempts - 1,
    timeout: msOf(spec.timeout, 'timeout'),
    delay: msOf(spec.delay, 'delay'),
    expires: msOf(spec.expires, 'expires'),
    deadline: msOf(spec.deadline, 'deadline'),
    meta: meta === '' ? undefined : (readJson(meta, 'meta') as Record<string, unknown>),
  }
  return { type: name, payload: carriedIn(spec.payload, spec.payloadEncoding, 'payload'), options }
}

/** @throws DtrError what the client says; where nobody waits for the answer any more the task is withdrawn, unless its key makes it safe to ask again */
export async function submit({ link }: GrpcServing, spec: TaskSpec, { rights, signal }: Asked): Promise<TaskHandle> {
  const { type, payload, options } = submissionOf(spec)
  checkRights(rights, 'submit', [type])
  const tooLate = new AbortController()
  const withdrawn = options.key === undefined ? { signal: AbortSignal.any([signal, tooLate.signal]) } : {}
  try {
    return await link.ask((client) =>
      client.submit(type, payload, { ...options, busyFor: 0, follow: false, ...withdrawn }),
    )
  } catch (error) {
    tooLate.abort()
    throw error
  }
}

export async function submitAll(
  serving: GrpcServing,
  specs: AsyncIterable<TaskSpec>,
  asked: Asked,
): Promise<SubmitTasksResponse> {
  const all = new StreamOfTasks(serving, asked)
  for await (const spec of specs) {
    await all.take(spec)
    if (asked.signal.aborted || all.received === STREAM_TASKS_MAX) break
  }
  return all.answered()
}

class StreamOfTasks {
  received = 0
  #open = 0
  #accepted = 0
  readonly #ids: string[] = []
  readonly #unserved = new Set<string>()
  readonly #refusals: { index: number; code: string; message: string }[] = []
  #wake = (): void => {}

  constructor(
    private readonly serving: GrpcServing,
    private readonly asked: Asked,
  ) {}

  /** Resolves when there is room for the next one. */
  async take(spec: TaskSpec): Promise<void> {
    const index = this.received
    this.received += 1
    this.#open += 1
    this.#ids.push('')
    void this.#submit(spec, index).finally(() => {
      this.#open -= 1
      this.#wake()
    })
    await this.#atMostOpen(WINDOW - 1)
  }

  async answered(): Promise<SubmitTasksResponse> {
    await this.#atMostOpen(0)
    const refused = this.received - this.#accepted
    const refusals = this.#refusals.sort((one, other) => one.index - other.index).slice(0, REFUSALS_MAX)
    const unserved = [...this.#unserved]
    return { received: this.received, accepted: this.#accepted, refused, taskIds: this.#ids, unserved, refusals }
  }

  async #submit(spec: TaskSpec, index: number): Promise<void> {
    const { link } = this.serving
    try {
      const { type, payload, options } = submissionOf(spec)
      checkRights(this.asked.rights, 'submit', [type])
      const { id, unserved } = await link.use((client) =>
        client.submit(type, payload, { ...options, follow: false, busyFor: BUSY_MS }),
      )
      this.#ids[index] = id
      this.#accepted += 1
      if (unserved) this.#unserved.add(type)
    } catch (error) {
      const { code, message } = asDtrError(error)
      if (this.#refusals.length < REFUSALS_MAX + WINDOW) this.#refusals.push({ index, code, message })
    }
  }

  async #atMostOpen(count: number): Promise<void> {
    while (this.#open > count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
