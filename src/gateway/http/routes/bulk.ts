// Many tasks in one request: a line of JSON each, read as they come and submitted together.
//
// What always holds: at most WINDOW tasks are read and not told of; so the body is read no faster than the master takes
// tasks and, where lines are answered, than the caller reads them.
import type { Readable } from 'node:stream'
import Type from 'typebox'
import type { TaskEnd } from '../../../client/task-end.js'
import type { TaskHandle } from '../../../client/task-handle.js'
import { DtrError } from '../../../errors.js'
import { checkRights } from '../../../task/roles.js'
import { readJson } from '../../json-body.js'
import { Checker } from '../check.js'
import { LINES_TYPE } from '../doors.js'
import { Body, SubmitBody } from '../fields.js'
import { jsonOf } from '../json-text.js'
import { linesOf } from '../lines.js'
import { type Problem, problemOf } from '../problem.js'
import { type Call, type Route, route } from '../route.js'
import { submissionOf } from '../submission.js'
import { carried, failureView, type View } from '../task-view.js'

const WINDOW = 1_000
/** A payload of the greatest size, escaped, and what is said beside it. */
const LINE_BYTES_MAX = 8 * 1024 * 1024
const PROBLEMS_MAX = 100
/** How long a line waits where the master is busy. */
const BUSY_MS = 30_000

const lineChecker = new Checker(SubmitBody, 'line')

const Summary = Type.Object({
  accepted: Type.Integer({ description: 'tasks on disk, those included that their key made known before' }),
  refused: Type.Integer(),
  unserved: Type.Array(Type.String(), { description: 'types that no worker serves at the moment' }),
  problems: Type.Array(Type.Unknown(), { description: `with the index of their lines, the first ${PROBLEMS_MAX}` }),
})

export const BULK_ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/tasks/bulk',
    role: 'submit',
    topic: 'tasks',
    about: 'many tasks, a line of JSON each (NDJSON), read as they come; each line is what POST /tasks takes',
    takesLines: true,
    query: Body({
      answer: Type.Optional(
        Type.Enum(['summary', 'ids', 'results'], {
          description:
            'summary: counts, at the end; ids: a line for each task when it is on disk; results: also one when it has ended. For the latter two read while you write',
        }),
      ),
    }),
    answers: { 200: { about: 'counts, or lines of JSON in the order in which things happen', schema: Summary } },
    async handle(call) {
      const bulk = new Bulk(call)
      if ((call.query.answer ?? 'summary') === 'summary') return { body: await bulk.summary() }
      return { type: LINES_TYPE, pieces: bulk.lines(call.query.answer === 'results') }
    },
  }),
]

interface Line extends View {
  readonly index: number
  readonly problem?: Problem
  readonly unserved?: boolean
  readonly type?: string
}

type Asked = Pick<Call, 'id' | 'serving' | 'rights' | 'stream' | 'signal'>

class Bulk {
  readonly #call: Asked
  #told: Line[] = []
  /** Read, and not told of to the last. */
  #open = 0
  #read = 0
  #over = false
  #waiting: (() => void)[] = []

  constructor(call: Asked) {
    this.#call = call
  }

  /** @throws DtrError where the caller is gone */
  async summary(): Promise<View> {
    let accepted = 0
    let refused = 0
    const unserved = new Set<string>()
    const problems: View[] = []
    for await (const lines of this.#all(false)) {
      for (const { index, problem, type, unserved: waits } of lines) {
        if (problem === undefined) accepted += 1
        else if (problems.push({ index, problem }) > PROBLEMS_MAX) problems.pop()
        if (problem !== undefined) refused += 1
        if (waits === true && type !== undefined) unserved.add(type)
      }
    }
    return { accepted, refused, unserved: [...unserved], problems }
  }

  async *lines(withResults: boolean): AsyncGenerator<string, void> {
    for await (const lines of this.#all(withResults)) yield lines.map((line) => `${jsonOf(line)}\n`).join('')
  }

  /** What is told, as much at a time as has gathered. */
  async *#all(withResults: boolean): AsyncGenerator<readonly Line[], void> {
    const { stream, signal } = this.#call
    void this.#readAll(stream, withResults)
    const wake = (): void => this.#wake()
    signal.addEventListener('abort', wake, { once: true })
    try {
      for (;;) {
        const told = this.#told
        this.#told = []
        if (told.length > 0) yield told
        if (signal.aborted || (this.#over && this.#open === 0 && this.#told.length === 0)) return
        if (this.#told.length === 0) await this.#change()
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  async #readAll(stream: Readable, withResults: boolean): Promise<void> {
    try {
      for await (const line of linesOf(stream, LINE_BYTES_MAX)) {
        while (this.#open + this.#told.length >= WINDOW && !this.#call.signal.aborted) await this.#change()
        if (this.#call.signal.aborted) return
        const index = this.#read
        this.#read += 1
        this.#open += 1
        void this.#one(line, index, withResults)
      }
    } catch (error) {
      if (error instanceof DtrError) this.#tell(this.#refused(this.#read, error))
    } finally {
      this.#over = true
      this.#wake()
    }
  }

  async #one(text: string, index: number, withResults: boolean): Promise<void> {
    try {
      const handle = await this.#submit(text, index, withResults)
      if (withResults) this.#tell({ index, ...endView(await handle.ended()) })
    } catch (error) {
      this.#tell(
        this.#refused(index, error instanceof DtrError ? error : new DtrError('internal', 'an error of dtr itself')),
      )
    } finally {
      this.#open -= 1
      this.#wake()
    }
  }

  async #submit(text: string, index: number, follow: boolean): Promise<TaskHandle> {
    const { serving, rights } = this.#call
    const body = readJson(text, 'line')
    lineChecker.check(body)
    const { type, payload, options } = submissionOf(body as SubmitBody, serving.defaults)
    checkRights(rights, 'submit', [type])
    const handle = await serving.link.use((client) =>
      client.submit(type, payload, { ...options, follow, busyFor: BUSY_MS }),
    )
    const { id, state, unserved } = handle
    this.#tell({ index, id, type, state, ...(unserved && { unserved }) })
    return handle
  }

  #tell(line: Line): void {
    this.#told.push(line)
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  #change(): Promise<void> {
    return new Promise((resume) => this.#waiting.push(resume))
  }

  #refused(index: number, error: DtrError): Line {
    return { index, problem: problemOf(error, this.#call.id) }
  }
}

function endView({ id, state, result, encoding, error }: TaskEnd): View {
  return {
    id,
    state,
    result: carried(result, encoding),
    result_encoding: encoding === 'base64' ? 'base64' : undefined,
    error: failureView(error),
  }
}
