import { fileURLToPath } from 'node:url'
import { runnerInHostConformance } from './runner-in-host.js'

process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --max-old-space-size=40`
const tasks = [fileURLToPath(new URL('../../../test/fixtures/tasks/hosted.mjs', import.meta.url))]
runnerInHostConformance('functions, a process each', { served: { tasks, isolate: true }, sharesHost: false })
