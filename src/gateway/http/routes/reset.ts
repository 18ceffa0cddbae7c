// Everything gone, for whoever develops against this: refused unless the gateway was started with --dev.
import Type from 'typebox'
import type { Client } from '../../../client/client.js'
import { HttpRefusal } from '../problem.js'
import { type Route, route } from '../route.js'

/** How long it waits for code that is being ended. */
const ENDING_MS = 10_000
const RESET_MS = 60_000
const PAGE = 500

export const RESET_ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/ops/reset',
    role: 'admin',
    topic: 'the cluster',
    about: 'cancels and forgets all tasks; only with --dev',
    answers: {
      200: {
        about: 'workers stay as they are',
        schema: Type.Object({ ok: Type.Literal(true), forgotten: Type.Integer() }),
      },
    },
    async handle({ serving, signal }) {
      if (!serving.dev) {
        throw new HttpRefusal(403, 'forbidden', 'this gateway does not wipe a cluster', { hint: 'start it with --dev' })
      }
      const forgotten = await serving.link.ask((client) => reset(client, signal), RESET_MS)
      serving.log.warn(`all tasks were forgotten, ${forgotten} of them, since somebody asked for a reset`)
      return { body: { ok: true, forgotten } }
    },
  }),
]

async function reset(client: Client, signal: AbortSignal): Promise<number> {
  const ending: string[] = []
  for (let after: string | undefined; !signal.aborted; ) {
    const page = await client.page({ states: ['pending', 'running'] }, { limit: PAGE, after })
    const cancelled = await client.cancel(page.tasks.map(({ id }) => id))
    ending.push(...cancelled.filter(({ status }) => status === 'cancelling').map(({ id }) => id))
    if (page.next === undefined) break
    after = page.next
  }
  await untilEnded(client, ending, AbortSignal.any([signal, AbortSignal.timeout(ENDING_MS)]))
  return client.forgetEnded()
}

/** Code that is still being ended keeps its task, which is cancelled already. */
async function untilEnded(client: Client, ids: readonly string[], signal: AbortSignal): Promise<void> {
  for (let start = 0; start < ids.length; start += PAGE) {
    for await (const event of client.watch(ids.slice(start, start + PAGE), { signal })) {
      if (signal.aborted && event.kind !== 'ended') return
    }
  }
}
