import { fileURLToPath } from 'node:url'
import { runnerInHostConformance } from './runner-in-host.js'

process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --max-old-space-size=40`
const runners = [fileURLToPath(new URL('../../../test/fixtures/tasks/hosted-runner.mjs', import.meta.url))]
runnerInHostConformance('a runner of a user’s own', { served: { tasks: [], runners }, sharesHost: true })
