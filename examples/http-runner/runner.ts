// Task types that are URLs: a service in any language does the work; dtr keeps the tasks, tries them again, ends them in time.
// `urls.json`, or the file that URLS names, says which: { "thumbnail": "http://127.0.0.1:8080/thumbnail" }
import { readFileSync } from 'node:fs'
import type { AttemptOutcome, Runner } from 'dtr'

const urls = JSON.parse(readFileSync(process.env.URLS ?? 'urls.json', 'utf8')) as Record<string, string>

export default {
  types: Object.keys(urls).map((type) => ({ type })),

  // What is thrown here (nobody listens there, the signal was aborted) is a failed attempt.
  async run({ taskId, type, payload, encoding }, { signal }) {
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
    return response.ok ? resultOf(response) : failureOf(response)
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

/** The request is at fault (4xx, but for "too slow" and "too many"): another attempt could only fail as well. */
async function failureOf(response: Response): Promise<AttemptOutcome> {
  const { status } = response
  const final = status >= 400 && status < 500 && status !== 408 && status !== 429
  const message = `${status}: ${await response.text()}`
  return { kind: 'failed', error: { code: final ? 'non_retryable' : 'task_failed', message }, final }
}
