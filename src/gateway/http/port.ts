// A port that speaks HTTP: the table of routes, and its end.
import type { Callers } from '../callers.js'
import type { Port } from '../port.js'
import { buildApp } from './app.js'
import { Doors } from './doors.js'
import { Ends } from './ends.js'
import { Metrics } from './metrics.js'
import { ROUTES } from './routes.js'
import type { Serving } from './serving.js'

export interface HttpPortOptions {
  readonly serving: Omit<Serving, 'ends' | 'metrics'>
  readonly callers: Callers
  /** By which it may be called besides those of loopback. */
  readonly names: readonly string[]
  /** Aborted when the gateway ends. */
  readonly stopping: AbortSignal
}

/** What requests under way get when it is asked to end. */
const LEAVE_MS = 3_000

export async function buildHttpPort({ serving, callers, names, stopping }: HttpPortOptions): Promise<Port> {
  const { server } = await buildApp({
    routes: ROUTES,
    serving: { ...serving, ends: new Ends(), metrics: new Metrics() },
    doors: new Doors(names),
    callers,
    stopping,
  })
  const stopNow = (): void => server.closeAllConnections()
  const stop = (): void => {
    server.close()
    server.closeIdleConnections()
    setTimeout(stopNow, LEAVE_MS).unref()
  }
  return { server, stop, stopNow }
}
