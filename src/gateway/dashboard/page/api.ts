// What the page asks of its gateway. The key, where one is needed, is kept for this tab alone and travels in a header, never in
// a URL; so events come by fetch, for an EventSource sends no headers.

export interface Problem {
  readonly status: number
  readonly detail: string
  readonly hint?: string
}

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail)
  }
}

const KEY = 'dtr-key'
const QUIET_MS = 20_000
/** One that is not answered within this is given up: a connection that is gone without a word answers nothing. */
const ASK_MS = 10_000
const AGAIN_MS = 1_000

export function keyOf(): string {
  return sessionStorage.getItem(KEY) ?? ''
}

export function useKey(key: string): void {
  if (key === '') sessionStorage.removeItem(KEY)
  else sessionStorage.setItem(KEY, key)
}

function headers(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const key = keyOf()
  return { ...more, ...(key !== '' && { authorization: `Bearer ${key}` }) }
}

/** @throws Refused */
export async function ask<Answer>(path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
  const answer = await answerTo(path, body, signal)
  const isJson = answer.headers.get('content-type')?.includes('json') === true
  return (isJson ? await answer.json() : await answer.text()) as Answer
}

/**
 * So many tasks of a filter, asked for page by page: one page looks at a bounded number of tasks, and may hold none although there
 * are some further back.
 * @throws Refused
 */
export async function askTasks<Task>(
  query: URLSearchParams,
  { limit, pages, signal }: { readonly limit: number; readonly pages: number; readonly signal?: AbortSignal },
): Promise<{ readonly list: readonly Task[]; readonly further: boolean }> {
  const list: Task[] = []
  for (let page = 1; ; page += 1) {
    query.set('limit', String(limit - list.length))
    const answer = await answerTo(`/tasks?${query}`, undefined, signal)
    list.push(...((await answer.json()) as Task[]))
    const next = /<[^>]*[?&]after=([\w.-]+)[^>]*>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    if (next === undefined || list.length >= limit || page === pages) return { list, further: next !== undefined }
    query.set('after', next)
  }
}

async function answerTo(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const sent = headers(body === undefined ? {} : { 'content-type': 'application/json' })
  const within = AbortSignal.timeout(ASK_MS)
  const answer = await fetch(path, {
    ...post,
    headers: sent,
    signal: signal ? AbortSignal.any([signal, within]) : within,
  })
  if (!answer.ok) throw await refusalOf(answer)
  return answer
}

async function refusalOf(answer: Response): Promise<Refused> {
  const told = (await answer.json().catch(() => ({}))) as Partial<Problem>
  const { detail = answer.statusText, hint } = told
  return new Refused({ status: answer.status, detail, ...(hint !== undefined && { hint }) })
}

export interface Told {
  readonly event: string
  readonly data: unknown
}

/**
 * Server-sent events, and again behind the last one after every break: also one that only shows by silence, as after a sleep of
 * the machine. Ends with the signal, or where it is refused.
 * @throws Refused
 */
export async function follow(
  path: string,
  tell: (told: Told) => void,
  signal: AbortSignal,
  options: { readonly again: boolean; readonly quietMs?: number },
): Promise<void> {
  const { quietMs = QUIET_MS } = options
  let last: string | undefined
  while (!signal.aborted) {
    const leave = new AbortController()
    const end = (): void => leave.abort()
    signal.addEventListener('abort', end, { once: true })
    let silence = setTimeout(end, quietMs)
    try {
      const sent = headers(last === undefined ? {} : { 'last-event-id': last })
      const answer = await fetch(path, { headers: sent, signal: leave.signal })
      if (!answer.ok) throw await refusalOf(answer)
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
      const lines = new EventLines()
      for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        clearTimeout(silence)
        silence = setTimeout(end, quietMs)
        for (const { id, ...told } of lines.take(value ?? '')) {
          last = id ?? last
          tell(told)
        }
      }
      if (!options.again) return
    } catch (error) {
      if (error instanceof Refused && error.problem.status < 500) throw error
      if (!options.again && !leave.signal.aborted) return
    } finally {
      clearTimeout(silence)
      signal.removeEventListener('abort', end)
      leave.abort()
    }
    await pause(AGAIN_MS, signal)
  }
}

/** The text of a stream as its events. */
export class EventLines {
  #rest = ''

  take(text: string): readonly (Told & { readonly id?: string })[] {
    const parts = (this.#rest + text).split('\n\n')
    this.#rest = parts.pop() ?? ''
    return parts.flatMap((part) => {
      const fields = new Map(
        part.split('\n').map((line) => {
          const at = line.indexOf(':')
          return [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')] as const
        }),
      )
      const data = fields.get('data')
      const id = fields.get('id')
      if (data === undefined) return []
      return [{ event: fields.get('event') ?? 'message', data: JSON.parse(data) as unknown, ...(id && { id }) }]
    })
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
