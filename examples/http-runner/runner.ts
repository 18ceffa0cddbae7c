// Task types that are URLs: a service in any language does the work; dtr keeps the tasks, tries them again, ends them in time.
// `urls.json`, or the file that URLS names, says which: { "thumbnail": "http://127.0.0.1:8080/thumbnail" }
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { AttemptOutcome, Control, Runner } from 'dtr'

const urls = JSON.parse(readFileSync(process.env.URLS ?? 'urls.json', 'utf8')) as Record<string, string>

export default {
  types: Object.keys(urls).map((type) => ({ type })),

  // What is thrown here (nobody listens there, the signal was aborted) is a failed attempt.
  async run({ taskId, type, payload, encoding }, control) {
    const { signal } = control
    const url = urls[type]
    if (url === undefined) return { kind: 'unserved' }
    const isJson = encoding === 'json'
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': isJson ? 'application/json' : 'application/octet-stream',
        // The same in all attempts: by it the service can do its work once.
        'idempotency-key': taskId,
      },
      body: isJson ? payload : Buffer.from(payload, 'base64'),
      signal,
    })
    if (!response.ok) return failureOf(response)
    const isStream = response.headers.get('content-type')?.startsWith('application/x-ndjson')
    return isStream ? streamedResult(response, control) : resultOf(response)
  },
} satisfies Runner

async function resultOf(response: Response): Promise<AttemptOutcome> {
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('application/json')) {
    return { kind: 'completed', result: await response.text(), encoding: 'json' }
  }
  if (type.startsWith('text/')) {
    return { kind: 'completed', result: JSON.stringify(await response.text()), encoding: 'json' }
  }
  const bytes = Buffer.from(await response.arrayBuffer())
  return { kind: 'completed', result: bytes.toString('base64'), encoding: 'base64' }
}

/** A service that takes its time says what it does, a line of JSON each: { log } or { percent, message }, and last { result }. */
async function streamedResult(response: Response, control: Control): Promise<AttemptOutcome> {
  let last: { log?: string; percent?: number; message?: string; result?: unknown } = {}
  for await (const line of createInterface(Readable.fromWeb(response.body as ReadableStream))) {
    last = JSON.parse(line)
    if (last.log !== undefined) control.log(`${last.log}\n`)
    if (last.percent !== undefined) control.progress(last.percent, last.message)
  }
  if (last.result === undefined) throw new Error('the answer ended before its result')
  return { kind: 'completed', result: JSON.stringify(last.result), encoding: 'json' }
}

/** The request is at fault (4xx, but for "too slow" and "too many"): another attempt could only fail as well. */
async function failureOf(response: Response): Promise<AttemptOutcome> {
  const { status } = response
  const final = status >= 400 && status < 500 && status !== 408 && status !== 429
  const message = `${status}: ${await response.text()}`
  return { kind: 'failed', error: { code: final ? 'non_retryable' : 'task_failed', message }, final }
}
