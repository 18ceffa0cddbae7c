// Whether the cluster is there, and this gateway.
import Type from 'typebox'
import { type Route, route } from '../route.js'

const HEALTH_MS = 3_000
const Ok = Type.Object({ ok: Type.Literal(true) })

export const HEALTH_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/health',
    role: 'open',
    topic: 'the cluster',
    about: 'whether the master answers',
    answers: { 200: { about: 'it does', schema: Ok } },
    async handle({ serving }) {
      await serving.link.ask((client) => client.status(), HEALTH_MS)
      return { body: { ok: true } }
    },
  }),

  route({
    method: 'GET',
    path: '/readyz',
    role: 'open',
    topic: 'this gateway',
    about: 'whether requests can be served: the master answers',
    answers: { 200: { about: 'they can', schema: Ok } },
    async handle({ serving }) {
      await serving.link.ask((client) => client.status(), HEALTH_MS)
      return { body: { ok: true } }
    },
  }),

  route({
    method: 'GET',
    path: '/livez',
    role: 'open',
    topic: 'this gateway',
    about: 'whether this process lives, whatever the master does',
    answers: { 200: { about: 'it does', schema: Ok } },
    handle: async () => ({ body: { ok: true } }),
  }),

  route({
    method: 'GET',
    path: '/metrics',
    role: 'read',
    topic: 'this gateway',
    about:
      'for Prometheus: tasks, workers, how long things took and how they ended, and the requests that were served here',
    answers: { 200: { about: 'the text format of Prometheus', type: 'text/plain' } },
    async handle({ serving: { link, metrics } }) {
      const asked = link.ask((client) => Promise.all([client.status(), client.metrics()]), HEALTH_MS)
      const told = await asked.then(
        ([status, metrics]) => ({ status, metrics }),
        () => undefined,
      )
      return { type: metrics.type, text: await metrics.text(told) }
    },
  }),
]
