// The table of all routes.
import type { Route } from './route.js'
import { BULK_ROUTES } from './routes/bulk.js'
import { CLUSTER_ROUTES } from './routes/cluster.js'
import { EVENT_ROUTES } from './routes/events.js'
import { HEALTH_ROUTES } from './routes/health.js'
import { JOB_ROUTES } from './routes/jobs.js'
import { PULL_ROUTES } from './routes/pull.js'
import { RESET_ROUTES } from './routes/reset.js'
import { TASK_ROUTES } from './routes/tasks.js'

export const ROUTES: readonly Route[] = [
  ...TASK_ROUTES,
  ...BULK_ROUTES,
  ...EVENT_ROUTES,
  ...PULL_ROUTES,
  ...JOB_ROUTES,
  ...CLUSTER_ROUTES,
  ...RESET_ROUTES,
  ...HEALTH_ROUTES,
]
