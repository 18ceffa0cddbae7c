// The benchmark: `npm run bench` measures all of it, in one run on one machine, and writes RESULTS.md with its plots.
//
//   npm run bench -- --only throughput,floors   some of it; what is not measured stays out of the results
//   npm run bench -- --runs 9                    more runs of each than five
//   npm run bench -- --smoke                     all of it, so small that the figures mean nothing: does it still work?
//   npm run bench -- --out FOLDER                somewhere else than bench/
//   npm run bench -- --from results.json         measures nothing: writes anew what was measured then
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compete } from './contest.js'
import { thisMachine } from './machine.js'
import { backlog } from './measurements/backlog.js'
import { dashboard } from './measurements/dashboard.js'
import { fakes } from './measurements/fakes.js'
import { floors } from './measurements/floors.js'
import { gateway } from './measurements/gateway.js'
import { grpc } from './measurements/grpc.js'
import { prefetch } from './measurements/prefetch.js'
import { recovery } from './measurements/recovery.js'
import { safety } from './measurements/safety.js'
import { scale } from './measurements/scale.js'
import { bars, line } from './plots.js'
import { markdown, type Results } from './report.js'
import { FULL, SMOKE } from './sizes.js'
import { BeanstalkdSystem } from './systems/beanstalkd.js'
import { Bullmq } from './systems/bullmq.js'
import { Dtr, DtrCounted } from './systems/dtr.js'
import { GraphileWorker } from './systems/graphile-worker.js'
import { PgBossSystem } from './systems/pg-boss.js'

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    out: { type: 'string' },
    from: { type: 'string' },
  },
})
const sizes = flags.smoke ? SMOKE : FULL
const runs = Number(flags.runs ?? sizes.runs)
if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs: ${flags.runs} is not a number from 1`)
if (flags.from !== undefined && (flags.only !== undefined || flags.runs !== undefined || flags.smoke)) {
  throw new Error('--from measures nothing: leave out --only, --runs and --smoke')
}
const out = resolve(flags.out ?? join(import.meta.dirname, '..'))

const SYSTEMS = [
  () => new Dtr(),
  () => new DtrCounted(),
  () => new Bullmq('everysec'),
  () => new Bullmq('everysec', true),
  () => new Bullmq('always'),
  () => new PgBossSystem(),
  () => new GraphileWorker(true),
  () => new GraphileWorker(false),
  () => new BeanstalkdSystem(true),
  () => new BeanstalkdSystem(false),
]

const results: Results = flags.from === undefined ? nothingYet() : JSON.parse(readFileSync(flags.from, 'utf8'))
const tell = (text: string): void => console.log(`  ${text}`)

function nothingYet(): Results {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: thisMachine(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    runs,
    smoke: flags.smoke,
  }
}

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  floors: async () => {
    results.floors = await floors({ runs, ...sizes.floors })
  },
  throughput: async () => {
    results.contest = await compete(SYSTEMS, { runs, ...sizes.contest, tell })
  },
  recovery: async () => {
    results.recovery = await recovery(runs, tell)
  },
  backlog: async () => {
    results.backlog = await backlog({ runs, ...sizes.backlog, tell })
  },
  scale: async () => {
    results.scale = await scale({ runs, ...sizes.scale, tell })
  },
  fakes: async () => {
    results.fakes = await fakes({ runs, ...sizes.fakes, tell })
  },
  prefetch: async () => {
    results.prefetch = await prefetch({ runs, ...sizes.prefetch, tell })
  },
  gateway: async () => {
    results.gateway = [
      ...(await gateway({ runs, ...sizes.gateway, tell })),
      ...(await grpc({ runs, ...sizes.grpc, tell })),
    ]
  },
  dashboard: async () => {
    const figures = await dashboard({ ...sizes.dashboard, tell })
    if (figures !== undefined) results.dashboard = figures
  },
  safety: async () => {
    results.safety = await safety({ runs, ...sizes.safety, tell })
  },
}

const chosen = flags.from === undefined ? (flags.only?.split(',') ?? Object.keys(measurements)) : []
for (const name of chosen) {
  const measure = measurements[name]
  if (measure === undefined) throw new Error(`--only: ${name} is none of ${Object.keys(measurements).join(', ')}`)
  console.log(name)
  const began = performance.now()
  await measure()
  tell(`took ${Math.round((performance.now() - began) / 1_000)} s`)
}

const text = markdown(results)
mkdirSync(out, { recursive: true })
writeFileSync(join(out, 'RESULTS.md'), text)
writeFileSync(join(out, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`)
const { contest, backlog: behind } = results
const about = `median and spread of ${results.runs} runs on ${results.machine.cores} cores, which all processes share`
if (contest !== undefined) {
  const titles = { title: 'No-op tasks a second: dtr and what people use', about }
  const rates = contest.standings.map(({ throughput }) => throughput)
  writeFileSync(join(out, 'peers.svg'), await bars(titles, rates))
}
if (behind !== undefined) {
  const titles = { title: 'Tasks a second while others wait', about }
  const points = behind.pending.map(({ backlog, figure }) => ({ at: backlog, figure }))
  writeFileSync(join(out, 'backlog.svg'), await line(titles, points, 'tasks that wait'))
}
console.log(`\n${text}\nwritten to ${out}`)
